// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <utility>

namespace tactus {

// The one place that asks for GStreamer's version (tests/lint/versions.py). What counts is the one
// that runs: a plugin that was built with 1.22 is loaded by later ones, too. Any thread.

/// Major and minor.
inline std::pair<guint, guint> running_gst() {
    guint major = 0;
    guint minor = 0;
    guint micro = 0;
    guint nano = 0;
    gst_version(&major, &minor, &micro, &nano);
    return {major, minor};
}

/// Whether that version or a later one runs.
inline bool runs_gst(guint major, guint minor) {
    return running_gst() >= std::pair(major, minor);
}

/// Whether the series runs that this was compiled with. Structs of GStreamer's unstable libraries,
/// such as Vulkan's, differ from one to the next, though the libraries have the same name.
inline bool runs_gst_of_build() {
    return running_gst() == std::pair<guint, guint>(GST_VERSION_MAJOR, GST_VERSION_MINOR);
}

} // namespace tactus
