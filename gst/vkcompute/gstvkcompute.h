// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_VK_COMPUTE (gst_vk_compute_get_type())
G_DECLARE_FINAL_TYPE(GstVkCompute, gst_vk_compute, GST, VK_COMPUTE, GstElement)

GST_ELEMENT_REGISTER_DECLARE(vkcompute)

G_END_DECLS
