// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_RING_QUEUE (gst_ring_queue_get_type())
G_DECLARE_FINAL_TYPE(GstRingQueue, gst_ring_queue, GST, RING_QUEUE, GstElement)

GST_ELEMENT_REGISTER_DECLARE(ringqueue)

G_END_DECLS
