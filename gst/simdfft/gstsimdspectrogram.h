// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_SIMD_SPECTROGRAM (gst_simd_spectrogram_get_type())
G_DECLARE_FINAL_TYPE(GstSimdSpectrogram, gst_simd_spectrogram, GST, SIMD_SPECTROGRAM, GstElement)

GST_ELEMENT_REGISTER_DECLARE(simdspectrogram)

G_END_DECLS
