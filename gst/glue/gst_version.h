// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace tactus {

/// Whether GStreamer `major.minor` or a later one runs. That is what counts, not the version that
/// we were compiled with: a plugin that was built with 1.22 is loaded by later ones, too.
///
/// This is the one place that asks for versions (tests/lint/versions.py); who needs to know says
/// what differs. Any thread.
inline bool runs_gst(guint major, guint minor) {
    guint running_major = 0;
    guint running_minor = 0;
    guint micro = 0;
    guint nano = 0;
    gst_version(&running_major, &running_minor, &micro, &nano);
    return running_major > major || (running_major == major && running_minor >= minor);
}

} // namespace tactus
