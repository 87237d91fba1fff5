// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/partitioned_convolution.h"

#include "core/fft/cross_fade.h"
#include "core/fft/flush_to_zero.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tactus {

template <typename T>
PartitionedConvolution<T>::PartitionedConvolution(Response response)
    : block_frames_(response->layout().block_frames()), inputs_(response->inputs()),
      outputs_(response->outputs()), current_(std::move(response)),
      history_(block_frames_, current_->layout().segments.front().partitions, inputs_),
      windows_(inputs_ * 2 * block_frames_), sums_(outputs_ * history_.row_size()),
      frames_(2 * block_frames_) {
    older_.fill(sums_);
    for (std::size_t s = 1; s < current_->layout().segments.size(); ++s)
        tails_.emplace_back(s, *current_);
}

template <typename T>
void PartitionedConvolution<T>::process(const T* const* in, T* const* out, std::size_t frames) {
    const FlushToZero flush_to_zero;
    for (std::size_t done = 0; done < frames;) {
        const std::size_t part = std::min(frames - done, block_frames_ - fill_);
        process_part(in, out, done, part);
        done += part;
    }
}

template <typename T>
void PartitionedConvolution<T>::process_part(const T* const* in, T* const* out, std::size_t offset,
                                             std::size_t frames) {
    if (fill_ == 0)
        begin_block(frames);
    take(in, offset, frames);
    sum_up_newest(kCurrent, frames);
    for (std::size_t o = 0; o < outputs_; ++o)
        std::copy_n(filtered(o, kCurrent, frames), frames, out[o] + offset);
    if (fading_) {
        sum_up_newest(kNext, frames);
        for (std::size_t o = 0; o < outputs_; ++o) {
            T* const next = filtered(o, kNext, frames);
            cross_fade(out[o] + offset, next, frames, fill_, block_frames_);
            std::copy_n(next, frames, out[o] + offset);
        }
    }
    fill_ += frames;
    if (fill_ == block_frames_)
        finish_block();
}

template <typename T>
void PartitionedConvolution<T>::begin_block(std::size_t frames) {
    history_.advance();
    fading_ = next_ != nullptr;
    for (const ConvolutionTail<T>& tail : tails_)
        fading_ = fading_ && tail.has_next();
    if (frames < block_frames_)
        prepare_older();
}

template <typename T>
void PartitionedConvolution<T>::take(const T* const* in, std::size_t offset, std::size_t frames) {
    for (std::size_t i = 0; i < inputs_; ++i) {
        T* const window = windows_.data() + i * 2 * block_frames_;
        T* const place = window + block_frames_ + fill_;
        std::copy_n(in[i] + offset, frames, place);
        // What has not come yet does not change what comes out before it.
        std::fill(place + frames, window + 2 * block_frames_, T{0});
        history_.transform(window, i);
    }
}

/// The sums of all outputs, of what makes the next `frames` frames of the block.
template <typename T>
void PartitionedConvolution<T>::sum_up_newest(Which which, std::size_t frames) {
    if (frames == block_frames_) {
        std::fill(sums_.begin(), sums_.end(), T{0});
        sum_up(which, 0, SIZE_MAX, sums_.data());
    } else {
        std::copy(older_[which].begin(), older_[which].end(), sums_.begin());
        sum_up(which, 0, 1, sums_.data());
    }
}

/// Adds what partitions `first` to `end` of the response make of the spectra.
template <typename T>
void PartitionedConvolution<T>::sum_up(Which which, std::size_t first, std::size_t end,
                                       T* sums) const {
    const ConvolutionResponse<T>& response = which == kCurrent ? *current_ : *next_;
    for (const ConvolutionLane& lane : response.lanes()) {
        const std::size_t last = std::min(end, response.partitions(0, lane.response));
        if (first < last)
            history_.multiply_add(lane, first, last - first,
                                  response.rows(0, lane.response) + first * history_.row_size(),
                                  sums);
    }
}

/// The new frames of an output, from its sum and the tails.
template <typename T>
T* PartitionedConvolution<T>::filtered(std::size_t output, Which which, std::size_t frames) {
    history_.inverse(sums_.data() + output * history_.row_size(), frames_.data());
    T* const result = frames_.data() + block_frames_ + fill_;
    for (const ConvolutionTail<T>& tail : tails_) {
        const T* const more =
            (which == kCurrent ? tail.ready(output) : tail.next_ready(output)) + fill_;
        for (std::size_t n = 0; n < frames; ++n)
            result[n] += more[n];
    }
    return result;
}

template <typename T>
void PartitionedConvolution<T>::prepare_older() {
    for (const Which which : {kCurrent, kNext}) {
        std::fill(older_[which].begin(), older_[which].end(), T{0});
        if (which == kCurrent || fading_)
            sum_up(which, 1, SIZE_MAX, older_[which].data());
    }
}

template <typename T>
void PartitionedConvolution<T>::finish_block() {
    fill_ = 0;
    if (fading_)
        adopt_next();
    for (ConvolutionTail<T>& tail : tails_)
        tail.push(windows_.data() + block_frames_, 2 * block_frames_, *current_, next_.get());
    for (std::size_t i = 0; i < inputs_; ++i) {
        T* const window = windows_.data() + i * 2 * block_frames_;
        std::copy_n(window + block_frames_, block_frames_, window);
    }
}

template <typename T>
void PartitionedConvolution<T>::adopt_next() {
    fading_ = false;
    retired_ = std::exchange(current_, std::move(next_));
    for (ConvolutionTail<T>& tail : tails_)
        tail.adopt_next();
}

template <typename T>
bool PartitionedConvolution<T>::fits(const ConvolutionResponse<T>& next) const {
    return next.layout() == current_->layout() && next.inputs() == inputs_ &&
           next.outputs() == outputs_;
}

template <typename T>
void PartitionedConvolution<T>::exchange(Response next) {
    assert(can_exchange() && fits(*next));
    next_ = std::move(next);
}

template <typename T>
void PartitionedConvolution<T>::reset() {
    fill_ = 0;
    history_.reset();
    std::fill(windows_.begin(), windows_.end(), T{0});
    if (next_ != nullptr)
        adopt_next();
    for (ConvolutionTail<T>& tail : tails_)
        tail.reset();
}

template class PartitionedConvolution<float>;
template class PartitionedConvolution<double>;

} // namespace tactus
