// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/spectrogram.h"

#include <glib-object.h>

namespace tactus {

/// The properties of simdspectrogram; the defaults live here alone.
struct SpectrogramSettings {
    unsigned fft_size = 2048;
    unsigned hop_size = 0; ///< 0: one for each column of pixels
    WindowKind window = WindowKind::hann;
    FrequencyScale frequency_scale = FrequencyScale::mel;
    ColorMap colormap = ColorMap::viridis;
    double min_db = -90;
    double max_db = 0;
    double span_s = 5;
    bool show_scale = true;
    bool qos = true;

    /// For sound of this rate, and pictures of this size.
    SpectrogramConfig config(unsigned rate_hz, int width, int height, PixelFormat format) const;
    SpectrogramColors colors() const { return {colormap, min_db, max_db}; }
    /// Whether a picture for these settings can go on with the others.
    bool differs_only_in_colors(const SpectrogramSettings& other) const;
};

/// Installs all properties: those of the settings, then stats.
void install_spectrogram_properties(GObjectClass* klass);
/// False if `id` is none of the settings.
bool set_setting(SpectrogramSettings& settings, guint id, const GValue* value);
bool get_setting(const SpectrogramSettings& settings, guint id, GValue* value);
extern const guint kSpectrogramStatsId;

GType color_map_get_type();

} // namespace tactus
