// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/sample_loops.h"

#include "sample_loops-orc.h"

#include <algorithm>
#include <cstring>

extern "C" void tactus_orc_init();

namespace tactus {

namespace {

// Of what lies at an odd address, and is copied first.
constexpr std::size_t kPieceSamples = 1024;

// ORC counts in int.
constexpr std::size_t kMostSamples = std::size_t{1} << 30;

template <typename T>
bool is_aligned(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address) % sizeof(T) == 0;
}

/// Calls `run(samples, done, count)` with one piece after the other of what lies at `in`.
template <typename In, typename Run>
void for_input(const std::uint8_t* in, std::size_t count, const Run& run) {
    if (is_aligned<In>(in)) {
        for (std::size_t done = 0; done < count; done += kMostSamples)
            run(reinterpret_cast<const In*>(in) + done, done,
                static_cast<int>(std::min(count - done, kMostSamples)));
        return;
    }
    In piece[kPieceSamples];
    for (std::size_t done = 0; done < count; done += kPieceSamples) {
        const std::size_t now = std::min(count - done, kPieceSamples);
        std::memcpy(piece, in + done * sizeof(In), now * sizeof(In));
        run(piece, done, static_cast<int>(now));
    }
}

/// The same for what goes to `out`.
template <typename Out, typename Run>
void for_output(void* out, std::size_t count, const Run& run) {
    if (is_aligned<Out>(out)) {
        for (std::size_t done = 0; done < count; done += kMostSamples)
            run(static_cast<Out*>(out) + done, done,
                static_cast<int>(std::min(count - done, kMostSamples)));
        return;
    }
    Out piece[kPieceSamples];
    for (std::size_t done = 0; done < count; done += kPieceSamples) {
        const std::size_t now = std::min(count - done, kPieceSamples);
        run(piece, done, static_cast<int>(now));
        std::memcpy(static_cast<std::uint8_t*>(out) + done * sizeof(Out), piece, now * sizeof(Out));
    }
}

} // namespace

void prepare_sample_loops() {
    static const bool is_ready = (tactus_orc_init(), true);
    static_cast<void>(is_ready);
}

void f32_from_swapped_s32(const std::uint8_t* in, std::size_t count, float factor, float* out) {
    for_input<orc_int32>(in, count, [=](const orc_int32* samples, std::size_t done, int now) {
        tactus_orc_f32_from_swapped_s32(out + done, samples, factor, now);
    });
}

void f32_from_s24_32(const std::uint8_t* in, std::size_t count, float factor, float* out) {
    for_input<orc_int32>(in, count, [=](const orc_int32* samples, std::size_t done, int now) {
        tactus_orc_f32_from_s24_32(out + done, samples, factor, now);
    });
}

void f32_from_swapped_s24_32(const std::uint8_t* in, std::size_t count, float factor, float* out) {
    for_input<orc_int32>(in, count, [=](const orc_int32* samples, std::size_t done, int now) {
        tactus_orc_f32_from_swapped_s24_32(out + done, samples, factor, now);
    });
}

// As the others are called, for any kind of sample: NOLINTBEGIN(readability-non-const-parameter)
void f32_from_swapped_f32(const std::uint8_t* in, std::size_t count, float, float* out) {
    for_input<float>(in, count, [=](const float* samples, std::size_t done, int now) {
        tactus_orc_f32_from_swapped_f32(out + done, samples, now);
    });
}

void f32_from_swapped_f64(const std::uint8_t* in, std::size_t count, float, float* out) {
    for_input<double>(in, count, [=](const double* samples, std::size_t done, int now) {
        tactus_orc_f32_from_swapped_f64(out + done, samples, now);
    });
}

// NOLINTEND(readability-non-const-parameter)

void part_s16(const std::uint8_t* in, std::size_t frames, float factor, float* left, float* right) {
    for_input<orc_uint32>(in, frames, [=](const orc_uint32* samples, std::size_t done, int now) {
        tactus_orc_part_s16(left + done, right + done, samples, factor, now);
    });
}

void s16_from_f32(const float* in, std::size_t count, std::int16_t* out) {
    for_output<orc_int16>(out, count, [=](orc_int16* samples, std::size_t done, int now) {
        tactus_orc_s16_from_f32(samples, in + done, now);
    });
}

void join_s16(const float* left, const float* right, std::size_t frames, std::int16_t* out) {
    for_output<orc_uint32>(out, frames, [=](orc_uint32* samples, std::size_t done, int now) {
        tactus_orc_join_s16(samples, left + done, right + done, now);
    });
}

} // namespace tactus
