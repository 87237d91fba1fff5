// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/sample_reader.h"

#include "core/fft/sample_loops.h"

#include <algorithm>
#include <cstring>

namespace tactus {

namespace {

constexpr std::size_t kPieceSamples = 1024; // stays in the first-level cache

template <typename T>
struct Plain {
    static constexpr std::size_t kBytes = sizeof(T);

    static float value(const std::uint8_t* in) {
        T sample = 0;
        std::memcpy(&sample, in, sizeof sample);
        return static_cast<float>(sample);
    }
};

struct Swapped16 {
    static constexpr std::size_t kBytes = 2;

    static float value(const std::uint8_t* in) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, in, sizeof bits);
        return static_cast<float>(static_cast<std::int16_t>(__builtin_bswap16(bits)));
    }
};

struct Offset8 {
    static constexpr std::size_t kBytes = 1;

    static float value(const std::uint8_t* in) { return static_cast<float>(*in - 128); }
};

template <bool kBig>
struct Packed24 {
    static constexpr std::size_t kBytes = 3;

    static float value(const std::uint8_t* in) {
        const std::uint32_t low = in[kBig ? 2 : 0];
        const std::uint32_t middle = in[1];
        const std::uint32_t high = in[kBig ? 0 : 2];
        return static_cast<float>(static_cast<std::int32_t>(low << 8 | middle << 16 | high << 24) >>
                                  8);
    }
};

template <typename Sample>
void convert(const std::uint8_t* __restrict in, std::size_t count, float factor,
             float* __restrict out) {
    for (std::size_t i = 0; i < count; ++i)
        out[i] = Sample::value(in + i * Sample::kBytes) * factor;
}

using Convert = void (*)(const std::uint8_t*, std::size_t, float, float*);

Convert converter(SampleFormat format, bool big_endian) {
    const bool swap = big_endian != (std::endian::native == std::endian::big);
    switch (format) {
    case SampleFormat::s8:
        return convert<Plain<std::int8_t>>;
    case SampleFormat::u8:
        return convert<Offset8>;
    case SampleFormat::s16:
        return swap ? convert<Swapped16> : convert<Plain<std::int16_t>>;
    case SampleFormat::s24:
        return big_endian ? convert<Packed24<true>> : convert<Packed24<false>>;
    case SampleFormat::s24_32:
        return swap ? f32_from_swapped_s24_32 : f32_from_s24_32;
    case SampleFormat::s32:
        return swap ? f32_from_swapped_s32 : convert<Plain<std::int32_t>>;
    case SampleFormat::f32:
        return swap ? f32_from_swapped_f32 : convert<Plain<float>>;
    case SampleFormat::f64:
        break;
    }
    return swap ? f32_from_swapped_f64 : convert<Plain<double>>;
}

/// Of a whole number; 0 for those that are none.
int bits_of(SampleFormat format) {
    switch (format) {
    case SampleFormat::s8:
    case SampleFormat::u8:
        return 8;
    case SampleFormat::s16:
        return 16;
    case SampleFormat::s24:
    case SampleFormat::s24_32:
        return 24;
    case SampleFormat::s32:
        return 32;
    default:
        return 0;
    }
}

float factor_for(SampleFormat format, FullScale full_scale) {
    const int bits = bits_of(format);
    if (bits == 0)
        return 1;
    const double most = static_cast<double>(std::uint64_t{1} << (bits - 1));
    return static_cast<float>(1 / (full_scale == FullScale::largest ? most - 1 : most));
}

bool is_native_s16(const SampleLayout& layout) {
    return layout.format == SampleFormat::s16 && layout.big_endian == SampleLayout().big_endian;
}

void pick(const float* samples, std::size_t frames, std::size_t channels, float* out) {
    for (std::size_t i = 0; i < frames; ++i)
        out[i] = samples[i * channels];
}

void mean_of_two(const float* samples, std::size_t frames, float* out) {
    for (std::size_t i = 0; i < frames; ++i)
        out[i] = (samples[2 * i] + samples[2 * i + 1]) * 0.5F;
}

void mean(const float* samples, std::size_t frames, std::size_t channels, float* out) {
    const auto divisor = static_cast<float>(channels);
    for (std::size_t i = 0; i < frames; ++i) {
        float sum = 0;
        for (std::size_t c = 0; c < channels; ++c)
            sum += samples[i * channels + c];
        out[i] = sum / divisor;
    }
}

} // namespace

std::size_t SampleLayout::sample_bytes() const {
    switch (format) {
    case SampleFormat::s8:
    case SampleFormat::u8:
        return 1;
    case SampleFormat::s16:
        return 2;
    case SampleFormat::s24:
        return 3;
    case SampleFormat::f64:
        return 8;
    default:
        return 4;
    }
}

SampleReader::SampleReader(const SampleLayout& layout, FullScale full_scale)
    : layout_(layout), step_bytes_(layout.sample_bytes() * (layout.planar ? 1 : layout.channels)),
      factor_(factor_for(layout.format, full_scale)),
      convert_(converter(layout.format, layout.big_endian)),
      piece_frames_(layout.planar ? kPieceSamples
                                  : std::max<std::size_t>(1, kPieceSamples / layout.channels)),
      piece_(layout.planar ? piece_frames_ : piece_frames_ * layout.channels) {
    prepare_sample_loops();
}

const std::uint8_t* SampleReader::start_of(const std::uint8_t* block, std::size_t first) const {
    return block + first * step_bytes_;
}

template <typename Take>
void SampleReader::for_pieces(const std::uint8_t* in, std::size_t frames, const Take& take) {
    for (std::size_t done = 0; done < frames; done += piece_frames_) {
        const std::size_t now = std::min(piece_frames_, frames - done);
        convert_(in + done * step_bytes_, now * (layout_.planar ? 1 : layout_.channels), factor_,
                 piece_.data());
        take(piece_.data(), done, now);
    }
}

void SampleReader::read(const std::uint8_t* const* blocks, std::size_t first, std::size_t frames,
                        float* const* out) {
    if (layout_.planar || layout_.channels == 1) {
        for (std::size_t c = 0; c < layout_.channels; ++c)
            convert_(start_of(blocks[c], first), frames, factor_, out[c]);
        return;
    }
    const std::uint8_t* const start = start_of(blocks[0], first);
    if (layout_.channels == 2 && is_native_s16(layout_)) {
        part_s16(start, frames, factor_, out[0], out[1]);
        return;
    }
    for_pieces(start, frames, [&](const float* samples, std::size_t done, std::size_t now) {
        for (std::size_t c = 0; c < layout_.channels; ++c)
            pick(samples + c, now, layout_.channels, out[c] + done);
    });
}

void SampleReader::read_mean(const std::uint8_t* const* blocks, std::size_t first,
                             std::size_t frames, float* out) {
    const std::uint8_t* const start = start_of(blocks[0], first);
    if (layout_.channels == 1) {
        convert_(start, frames, factor_, out);
        return;
    }
    if (!layout_.planar) {
        for_pieces(start, frames, [&](const float* samples, std::size_t done, std::size_t now) {
            if (layout_.channels == 2)
                mean_of_two(samples, now, out + done);
            else
                mean(samples, now, layout_.channels, out + done);
        });
        return;
    }
    convert_(start, frames, factor_, out);
    for (std::size_t c = 1; c < layout_.channels; ++c) {
        for_pieces(start_of(blocks[c], first), frames,
                   [&](const float* samples, std::size_t done, std::size_t now) {
                       for (std::size_t i = 0; i < now; ++i)
                           out[done + i] += samples[i];
                   });
    }
    const auto divisor = static_cast<float>(layout_.channels);
    for (std::size_t i = 0; i < frames; ++i)
        out[i] /= divisor;
}

} // namespace tactus
