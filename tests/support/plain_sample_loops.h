// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tactus::plain {

// The loops of core/fft/sample_loops.h as one would write them without ORC: what its code must
// equal, and be faster than.

template <typename T>
T load(const std::uint8_t* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

template <bool kSwap>
std::uint32_t load_32(const std::uint8_t* at) {
    const auto bits = load<std::uint32_t>(at);
    return kSwap ? __builtin_bswap32(bits) : bits;
}

inline void f32_from_swapped_s32(const std::uint8_t* __restrict in, std::size_t count, float factor,
                                 float* __restrict out) {
    for (std::size_t i = 0; i < count; ++i)
        out[i] = static_cast<float>(static_cast<std::int32_t>(load_32<true>(in + 4 * i))) * factor;
}

template <bool kSwap>
void f32_from_s24_32(const std::uint8_t* __restrict in, std::size_t count, float factor,
                     float* __restrict out) {
    for (std::size_t i = 0; i < count; ++i)
        out[i] =
            static_cast<float>(static_cast<std::int32_t>(load_32<kSwap>(in + 4 * i) << 8) >> 8) *
            factor;
}

inline void f32_from_swapped_f32(const std::uint8_t* __restrict in, std::size_t count, float,
                                 float* __restrict out) {
    for (std::size_t i = 0; i < count; ++i)
        out[i] = std::bit_cast<float>(load_32<true>(in + 4 * i));
}

inline void f32_from_swapped_f64(const std::uint8_t* __restrict in, std::size_t count, float,
                                 float* __restrict out) {
    for (std::size_t i = 0; i < count; ++i)
        out[i] = static_cast<float>(
            std::bit_cast<double>(__builtin_bswap64(load<std::uint64_t>(in + 8 * i))));
}

inline void part_s16(const std::uint8_t* __restrict in, std::size_t frames, float factor,
                     float* __restrict left, float* __restrict right) {
    for (std::size_t i = 0; i < frames; ++i) {
        left[i] = static_cast<float>(load<std::int16_t>(in + 4 * i)) * factor;
        right[i] = static_cast<float>(load<std::int16_t>(in + 4 * i + 2)) * factor;
    }
}

inline std::int16_t s16_of(float value) {
    return static_cast<std::int16_t>(std::lrint(std::clamp(value * 32768, -32768.0F, 32767.0F)));
}

inline void s16_from_f32(const float* __restrict in, std::size_t count,
                         std::int16_t* __restrict out) {
    for (std::size_t i = 0; i < count; ++i)
        out[i] = s16_of(in[i]);
}

inline void join_s16(const float* __restrict left, const float* __restrict right,
                     std::size_t frames, std::int16_t* __restrict out) {
    for (std::size_t i = 0; i < frames; ++i) {
        out[2 * i] = s16_of(left[i]);
        out[2 * i + 1] = s16_of(right[i]);
    }
}

} // namespace tactus::plain
