// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_SIMD_IFFT (gst_simd_ifft_get_type())
G_DECLARE_FINAL_TYPE(GstSimdIfft, gst_simd_ifft, GST, SIMD_IFFT, GstElement)

GST_ELEMENT_REGISTER_DECLARE(simdifft)

G_END_DECLS
