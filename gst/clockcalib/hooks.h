// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>
#include <gst/gsttracer.h>

namespace tactus {

/// Registers what GStreamer is to call of the recorder. The hooks stay until the process ends;
/// they look whether the recorder is active.
void register_hooks(GstTracer* tracer);

} // namespace tactus
