// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/audio_filter.h"

#include "core/fft/live_convolution.h"
#include "core/fft/sample_loops.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <vector>

namespace tactus {

namespace {

constexpr float kS16Scale = 32768;

template <typename T>
T loaded(std::int16_t sample) {
    return static_cast<T>(sample) / kS16Scale;
}
template <typename T>
T loaded(T sample) {
    return sample;
}

void store(float value, std::int16_t& sample) {
    sample = static_cast<std::int16_t>(
        std::lrint(std::clamp(value * kS16Scale, -kS16Scale, kS16Scale - 1)));
}
template <typename T>
void store(T value, T& sample) {
    sample = value;
}

void part_two(const std::int16_t* in, std::size_t frames, float* left, float* right) {
    part_s16(reinterpret_cast<const std::uint8_t*>(in), frames, 1 / kS16Scale, left, right);
}
template <typename T>
void part_two(const T* in, std::size_t frames, T* left, T* right) {
    for (std::size_t n = 0; n < frames; ++n) {
        left[n] = in[2 * n];
        right[n] = in[2 * n + 1];
    }
}

void join_one(const float* from, std::size_t frames, std::int16_t* out) {
    s16_from_f32(from, frames, out);
}
template <typename T>
void join_one(const T* from, std::size_t frames, T* out) {
    std::copy_n(from, frames, out);
}

void join_two(const float* left, const float* right, std::size_t frames, std::int16_t* out) {
    join_s16(left, right, frames, out);
}
template <typename T>
void join_two(const T* left, const T* right, std::size_t frames, T* out) {
    for (std::size_t n = 0; n < frames; ++n) {
        out[2 * n] = left[n];
        out[2 * n + 1] = right[n];
    }
}

// Most audio has one channel or two; these are worth code of their own.
template <typename Sample, typename T>
void split(const Sample* in, std::size_t frames, std::size_t channels, T* const* to) {
    if (channels == 1) {
        for (std::size_t n = 0; n < frames; ++n)
            to[0][n] = loaded<T>(in[n]);
    } else if (channels == 2) {
        part_two(in, frames, to[0], to[1]);
    } else {
        for (std::size_t c = 0; c < channels; ++c)
            for (std::size_t n = 0; n < frames; ++n)
                to[c][n] = loaded<T>(in[n * channels + c]);
    }
}

template <typename Sample, typename T>
void join(const T* const* from, std::size_t frames, std::size_t channels, Sample* out) {
    if (channels == 1) {
        join_one(from[0], frames, out);
    } else if (channels == 2) {
        join_two(from[0], from[1], frames, out);
    } else {
        for (std::size_t c = 0; c < channels; ++c)
            for (std::size_t n = 0; n < frames; ++n)
                store(from[c][n], out[n * channels + c]);
    }
}

template <typename Sample>
class TypedFilter final : public AudioFilter {
    using T = std::conditional_t<std::is_same_v<Sample, double>, double, float>;

  public:
    TypedFilter(const Config& config, const ConvolutionFilter& filter)
        : AudioFilter(config), convolution_(filter, config.block_frames), inputs_(filter.inputs),
          outputs_(filter.outputs), aligned_(inputs_ * block_frames_), in_(inputs_ * block_frames_),
          out_(outputs_ * block_frames_) {
        for (std::size_t i = 0; i < inputs_; ++i)
            in_blocks_.push_back(in_.data() + i * block_frames_);
        for (std::size_t o = 0; o < outputs_; ++o)
            out_blocks_.push_back(out_.data() + o * block_frames_);
        places_.resize(std::max(inputs_, outputs_));
        prepare_sample_loops();
    }

    void publish(const ConvolutionFilter& filter) override { convolution_.publish(filter); }
    std::uint64_t exchanges() const override { return convolution_.exchanges(); }

    std::size_t partitions() const override { return convolution_.partitions(); }

  protected:
    void reset_engine() override { convolution_.reset(); }

    void run(const void* raw_in, std::size_t frames, void* raw_out) override {
        const auto* in = static_cast<const std::byte*>(raw_in);
        auto* out = static_cast<Sample*>(raw_out);
        while (frames > 0) {
            const std::size_t part = std::min(frames, block_frames_ - collected_frames_);
            take(in, part);
            in = in != nullptr ? in + part * inputs_ * sizeof(Sample) : nullptr;
            frames -= part;
            const std::size_t first = whole_blocks_ ? 0 : collected_frames_;
            collected_frames_ += part;
            if (!whole_blocks_ || collected_frames_ == block_frames_)
                out = give(first, collected_frames_ - first, out);
            if (collected_frames_ == block_frames_)
                collected_frames_ = 0;
        }
    }

  private:
    void take(const std::byte* in, std::size_t frames) {
        for (std::size_t i = 0; i < inputs_; ++i) {
            places_[i] = in_blocks_[i] + collected_frames_;
            if (in == nullptr)
                std::fill_n(places_[i], frames, T{0});
        }
        if (in != nullptr)
            split(samples_at(in, frames * inputs_), frames, inputs_, places_.data());
    }

    /// The samples there, which may lie at any address.
    const Sample* samples_at(const std::byte* in, std::size_t count) {
        if (reinterpret_cast<std::uintptr_t>(in) % alignof(Sample) == 0)
            return reinterpret_cast<const Sample*>(in);
        std::memcpy(aligned_.data(), in, count * sizeof(Sample));
        return aligned_.data();
    }

    /// The collected frames from `first` on, filtered. Returns where the next ones go.
    Sample* give(std::size_t first, std::size_t frames, Sample* out) {
        for (std::size_t i = 0; i < inputs_; ++i)
            places_[i] = in_blocks_[i] + first;
        convolution_.process(places_.data(), out_blocks_.data(), frames);
        const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(to_skip_, frames));
        to_skip_ -= skipped;
        for (std::size_t o = 0; o < outputs_; ++o)
            places_[o] = out_blocks_[o] + skipped;
        join(places_.data(), frames - skipped, outputs_, out);
        frames_out_ += frames - skipped;
        return out + (frames - skipped) * outputs_;
    }

    LiveConvolution<T> convolution_;
    std::size_t inputs_;
    std::size_t outputs_;
    std::vector<Sample> aligned_; ///< a block that lies at an odd address
    AlignedArray<T> in_;
    AlignedArray<T> out_;
    std::vector<T*> in_blocks_;
    std::vector<T*> out_blocks_;
    std::vector<T*> places_;
};

} // namespace

AudioFilter::AudioFilter(const Config& config)
    : block_frames_(config.block_frames), whole_blocks_(config.whole_blocks),
      skipped_frames_(config.skipped_frames), to_skip_(skipped_frames_) {}

std::unique_ptr<AudioFilter> AudioFilter::create(const Config& config,
                                                 const ConvolutionFilter& filter) {
    switch (config.sample) {
    case FilterSample::s16:
        return std::make_unique<TypedFilter<std::int16_t>>(config, filter);
    case FilterSample::f64:
        return std::make_unique<TypedFilter<double>>(config, filter);
    case FilterSample::f32:
        break;
    }
    return std::make_unique<TypedFilter<float>>(config, filter);
}

std::size_t AudioFilter::output_frames(std::size_t frames) const {
    std::size_t made = frames;
    if (whole_blocks_)
        made = (collected_frames_ + frames) / block_frames_ * block_frames_;
    return made - static_cast<std::size_t>(std::min<std::uint64_t>(to_skip_, made));
}

void AudioFilter::process(const void* in, std::size_t frames, void* out) {
    frames_in_ += frames;
    run(in, frames, out);
}

std::size_t AudioFilter::drain(void* out) {
    const std::size_t silence = block_frames_ - collected_frames_;
    const std::size_t made = output_frames(silence);
    run(nullptr, silence, out);
    return made;
}

std::uint64_t AudioFilter::pending_frames() const {
    return frames_in_ - std::min(frames_in_, frames_out_);
}

void AudioFilter::reset() {
    reset_engine();
    to_skip_ = skipped_frames_;
    collected_frames_ = 0;
    frames_in_ = frames_out_ = 0;
}

} // namespace tactus
