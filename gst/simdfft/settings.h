// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/stft_config.h"
#include "simdfft/enums.h"

#include <glib-object.h>

#include <cstdint>
#include <vector>

namespace tactus {

/// The properties of simdfft; the defaults live here alone.
struct SimdFftSettings {
    bool post_messages = true;
    bool message_magnitude = true;
    bool message_phase = false;
    std::uint64_t interval_ns = 100'000'000;
    unsigned bands = 128;
    int threshold_db = -60;
    bool multi_channel = false;
    bool qos = false;
    MessageFormat message_format = MessageFormat::lists;

    // Of the stream; 0 where it can mean that is what StftConfig makes of it.
    unsigned fft_size = 2048;
    unsigned window_length = 0;
    unsigned hop_size = 0;
    WindowKind window = WindowKind::hann;
    double kaiser_beta = 8.6;
    std::vector<double> custom_window;
    StftScaling scaling = StftScaling::none;
    bool center = true;
    FrequencyScale bands_scale = FrequencyScale::linear;
    unsigned band_count = 0;
    std::uint64_t smoothing_attack_ns = 0;
    std::uint64_t smoothing_release_ns = 0;
    unsigned frames_per_buffer = 1;

    /// Of the stream, for audio of this kind; format is left open.
    StftConfig stft_config(unsigned rate, unsigned channels) const;
};

/// Installs all properties: those of the settings, then stats and custom-window.
void install_simdfft_properties(GObjectClass* klass);

/// False if `id` is none of the settings.
bool set_setting(SimdFftSettings& settings, guint id, const GValue* value);
bool get_setting(const SimdFftSettings& settings, guint id, GValue* value);

extern const guint kSimdFftStatsId;
extern const guint kSimdFftCustomWindowId;

} // namespace tactus
