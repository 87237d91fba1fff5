// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "config.h"

#include "clockcalib/clockcalib_debug.h"
#include "clockcalib/gstclockcalib.h"
#include "clockcalib/gstclockcalibprobe.h"

#include <gst/gst.h>
#include <gst/gsttracer.h>

GST_DEBUG_CATEGORY(clockcalib_debug);

static gboolean plugin_init(GstPlugin* plugin) {
    GST_DEBUG_CATEGORY_INIT(clockcalib_debug, "clockcalib", 0,
                            "per-buffer latency, GPU and CPU on one time line");
    gboolean ok = GST_ELEMENT_REGISTER(clockcalibprobe, plugin);
    ok |= gst_tracer_register(plugin, "clockcalib", gst_clockcalib_get_type());
    return ok;
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, clockcalib,
                  "Tracer that tells where every millisecond went, and the same as an element",
                  plugin_init, PACKAGE_VERSION, GST_LICENSE, GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
