// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_RING_TEE (gst_ring_tee_get_type())
G_DECLARE_FINAL_TYPE(GstRingTee, gst_ring_tee, GST, RING_TEE, GstElement)

GST_ELEMENT_REGISTER_DECLARE(ringtee)

G_END_DECLS
