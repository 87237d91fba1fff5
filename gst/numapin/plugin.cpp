// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "config.h"

#include "numapin/gstnumapin.h"

#include <gst/gst.h>

static gboolean plugin_init(GstPlugin* plugin) {
    return GST_ELEMENT_REGISTER(numapin, plugin);
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, numapin,
                  "Puts streaming threads and frame memory where they belong", plugin_init,
                  PACKAGE_VERSION, GST_LICENSE, GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
