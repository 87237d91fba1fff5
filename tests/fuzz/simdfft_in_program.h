// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

extern "C" void gst_plugin_simdfft_register();

namespace tactus {

/// Starts GStreamer, once: silent, and with the elements of simdfft that are linked into the
/// program.
inline void start_with_simdfft() {
    [[maybe_unused]] static const bool is_started = [] {
        gst_init(nullptr, nullptr);
        gst_plugin_simdfft_register();
        gst_debug_set_default_threshold(GST_LEVEL_NONE);
        return true;
    }();
}

} // namespace tactus
