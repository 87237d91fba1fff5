// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_JITTER_BUFFER (gst_jitter_buffer_get_type())
G_DECLARE_FINAL_TYPE(GstJitterBuffer, gst_jitter_buffer, GST, JITTER_BUFFER, GstElement)

GST_ELEMENT_REGISTER_DECLARE(jitterbuffer)

G_END_DECLS
