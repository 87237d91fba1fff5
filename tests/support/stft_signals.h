// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Planar samples, and their way through an Stft.
#pragma once

#include "core/fft/stft.h"
#include "noise.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tactus {

using Planar = std::vector<std::vector<float>>;

inline Planar noise_of(unsigned channels, std::size_t frames, unsigned seed = 1) {
    const std::vector<float> samples = float_noise(channels * frames, seed, 1);
    Planar planar(channels);
    for (unsigned c = 0; c < channels; ++c)
        planar[c].assign(samples.data() + c * frames, samples.data() + (c + 1) * frames);
    return planar;
}

struct StftFrame {
    std::int64_t position = 0;
    std::vector<float> values;
    bool operator==(const StftFrame&) const = default;
};

inline void read_ready(Stft& stft, std::vector<StftFrame>& frames) {
    while (stft.ready()) {
        StftFrame frame{stft.position(), std::vector<float>(stft.config().frame_floats())};
        stft.read(frame.values.data());
        frames.push_back(std::move(frame));
    }
}

/// Pushes all samples, at most `chunk()` at a time.
template <typename Chunk>
void push_in_chunks(Stft& stft, const Planar& planar, std::vector<StftFrame>& frames, Chunk chunk) {
    std::vector<const float*> at;
    for (const auto& channel : planar)
        at.push_back(channel.data());
    for (std::size_t left = planar[0].size(); left > 0;) {
        std::size_t in_chunk = std::min<std::size_t>(left, chunk());
        left -= in_chunk;
        while (in_chunk > 0) {
            const std::size_t taken = stft.push(at.data(), in_chunk);
            for (const float*& channel : at)
                channel += taken;
            in_chunk -= taken;
            read_ready(stft, frames);
        }
    }
}

template <typename Chunk>
std::vector<StftFrame> frames_of(Stft& stft, const Planar& planar, Chunk chunk) {
    std::vector<StftFrame> frames;
    push_in_chunks(stft, planar, frames, chunk);
    stft.finish();
    read_ready(stft, frames);
    stft.reset();
    return frames;
}

inline std::vector<StftFrame> frames_of(const StftConfig& config, const Planar& planar) {
    Stft stft(config);
    return frames_of(stft, planar, [&] { return planar[0].size(); });
}

} // namespace tactus
