// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_SIMD_FFT (gst_simd_fft_get_type())
G_DECLARE_FINAL_TYPE(GstSimdFft, gst_simd_fft, GST, SIMD_FFT, GstElement)

GST_ELEMENT_REGISTER_DECLARE(simdfft)

G_END_DECLS
