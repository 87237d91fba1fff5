// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "config.h"

#include "ringqueue/gstringqueue.h"
#include "ringqueue/gstringtee.h"

#include <gst/gst.h>

static gboolean plugin_init(GstPlugin* plugin) {
    gboolean ok = GST_ELEMENT_REGISTER(ringqueue, plugin);
    ok |= GST_ELEMENT_REGISTER(ringtee, plugin);
    return ok;
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, ringqueue,
                  "Lock-free queue and tee that count what they drop and how long buffers waited",
                  plugin_init, PACKAGE_VERSION, GST_LICENSE, GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
