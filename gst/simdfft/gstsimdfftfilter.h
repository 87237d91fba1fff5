// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/base/gstbasetransform.h>
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_SIMD_FFT_FILTER (gst_simd_fft_filter_get_type())
G_DECLARE_FINAL_TYPE(GstSimdFftFilter, gst_simd_fft_filter, GST, SIMD_FFT_FILTER, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(simdfftfilter)

G_END_DECLS
