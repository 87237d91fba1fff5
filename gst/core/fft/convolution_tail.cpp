// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/convolution_tail.h"

#include "core/fft/cross_fade.h"

#include <algorithm>
#include <utility>

namespace tactus {

namespace {

// One is being collected, and the two before it make the window that is worked on.
constexpr std::size_t kCollected = 3;

} // namespace

template <typename T>
ConvolutionTail<T>::ConvolutionTail(std::size_t segment, const ConvolutionResponse<T>& response)
    : segment_(segment), block_frames_(response.layout().block_frames()),
      partition_frames_(response.layout().segments[segment].partition_frames),
      inputs_(response.inputs()),
      history_(partition_frames_, response.layout().segments[segment].partitions, inputs_),
      collected_(inputs_ * kCollected * partition_frames_), window_(2 * partition_frames_),
      transformed_(inputs_), ready_(response.outputs(), AlignedArray<T>(partition_frames_)) {
    for (Job* job : {&current_, &old_}) {
        job->sum.resize(history_.row_size());
        job->results = ready_;
    }
    current_.response = &response;
}

template <typename T>
void ConvolutionTail<T>::push(const T* blocks, std::size_t stride,
                              const ConvolutionResponse<T>& response) {
    for (std::size_t i = 0; i < inputs_; ++i)
        std::copy_n(blocks + i * stride, block_frames_,
                    collected_.data() + (i * kCollected + collecting_) * partition_frames_ + fill_);
    const std::size_t block = fill_ / block_frames_;
    work(current_, block);
    if (old_.response != nullptr)
        work(old_, block);
    fill_ += block_frames_;
    if (fill_ == partition_frames_)
        finish_partition(response);
}

template <typename T>
void ConvolutionTail<T>::work(Job& job, std::size_t block) {
    for (const ConvolutionStep& step : job.response->steps(segment_, block)) {
        switch (step.kind) {
        case ConvolutionStep::Kind::transform:
            transform(step.channel);
            break;
        case ConvolutionStep::Kind::multiply:
            history_.multiply_add(step.path.input, step.first, step.count,
                                  job.response->rows(segment_, step.path.response) +
                                      step.first * history_.row_size(),
                                  job.sum.data());
            break;
        case ConvolutionStep::Kind::invert:
            history_.inverse(job.sum.data(), window_.data());
            std::copy_n(window_.begin() + partition_frames_, partition_frames_,
                        job.results[step.channel].begin());
            std::fill(job.sum.begin(), job.sum.end(), T{0});
            break;
        }
    }
}

template <typename T>
void ConvolutionTail<T>::transform(std::size_t input) {
    // Both responses' work begins with it.
    if (std::exchange(transformed_[input], 1) != 0)
        return;
    const T* const partitions = collected_.data() + input * kCollected * partition_frames_;
    const std::size_t before = (collecting_ + 1) % kCollected;
    const std::size_t last = (collecting_ + 2) % kCollected;
    std::copy_n(partitions + before * partition_frames_, partition_frames_, window_.begin());
    std::copy_n(partitions + last * partition_frames_, partition_frames_,
                window_.begin() + partition_frames_);
    history_.transform(window_.data(), input);
}

template <typename T>
void ConvolutionTail<T>::finish_partition(const ConvolutionResponse<T>& next) {
    for (std::size_t o = 0; o < ready_.size(); ++o) {
        if (old_.response != nullptr)
            cross_fade(old_.results[o].data(), current_.results[o].data(), partition_frames_, 0,
                       partition_frames_);
        std::swap(ready_[o], current_.results[o]);
    }
    old_.response = current_.response == &next ? nullptr : current_.response;
    current_.response = &next;
    fill_ = 0;
    collecting_ = (collecting_ + 1) % kCollected;
    std::fill(transformed_.begin(), transformed_.end(), char{0});
    history_.advance();
}

template <typename T>
void ConvolutionTail<T>::reset(const ConvolutionResponse<T>& response) {
    current_.response = &response;
    old_.response = nullptr;
    history_.reset();
    fill_ = 0;
    std::fill(transformed_.begin(), transformed_.end(), char{0});
    std::fill(collected_.begin(), collected_.end(), T{0});
    for (Job* job : {&current_, &old_}) {
        std::fill(job->sum.begin(), job->sum.end(), T{0});
        for (AlignedArray<T>& result : job->results)
            std::fill(result.begin(), result.end(), T{0});
    }
    for (AlignedArray<T>& result : ready_)
        std::fill(result.begin(), result.end(), T{0});
}

template class ConvolutionTail<float>;
template class ConvolutionTail<double>;

} // namespace tactus
