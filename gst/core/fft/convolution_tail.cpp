// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/convolution_tail.h"

#include <algorithm>
#include <utility>

namespace tactus {

namespace {

// One is being collected, and the two before it make the window that is worked on.
constexpr std::size_t kCollected = 3;

} // namespace

template <typename T>
ConvolutionTail<T>::ConvolutionTail(std::size_t segment, const Response& response)
    : segment_(segment), block_frames_(response.layout().block_frames()),
      partition_frames_(response.layout().segments[segment].partition_frames),
      inputs_(response.inputs()),
      history_(partition_frames_, response.layout().segments[segment].partitions, inputs_),
      collected_(inputs_ * kCollected * partition_frames_), window_(2 * partition_frames_),
      transformed_(inputs_) {
    for (Job* job : {&current_, &next_}) {
        job->sums.resize(response.outputs() * history_.row_size());
        job->results.resize(response.outputs(), AlignedArray<T>(partition_frames_));
        job->ready = job->results;
    }
    current_.is_begun = true;
}

template <typename T>
void ConvolutionTail<T>::push(const T* blocks, std::size_t stride, const Response& current,
                              const Response* next) {
    for (std::size_t i = 0; i < inputs_; ++i)
        std::copy_n(blocks + i * stride, block_frames_,
                    collected_.data() + (i * kCollected + collecting_) * partition_frames_ + fill_);
    if (fill_ == 0)
        next_.is_begun = next != nullptr;
    work(current_, current);
    if (next != nullptr && next_.is_begun)
        work(next_, *next);
    fill_ += block_frames_;
    if (fill_ == partition_frames_)
        finish_partition();
}

template <typename T>
void ConvolutionTail<T>::adopt_next() {
    std::swap(current_, next_);
    next_.is_begun = next_.is_ready = false;
    std::fill(next_.sums.begin(), next_.sums.end(), T{0});
}

template <typename T>
void ConvolutionTail<T>::work(Job& job, const Response& response) {
    for (const ConvolutionStep& step : response.steps(segment_, fill_ / block_frames_)) {
        switch (step.kind) {
        case ConvolutionStep::Kind::transform:
            transform(step.channel);
            break;
        case ConvolutionStep::Kind::multiply:
            history_.multiply_add(step.lane, step.first, step.count,
                                  response.rows(segment_, step.lane.response) +
                                      step.first * history_.row_size(),
                                  job.sums.data());
            break;
        case ConvolutionStep::Kind::invert:
            history_.inverse(job.sums.data() + step.channel * history_.row_size(), window_.data());
            std::copy_n(window_.begin() + partition_frames_, partition_frames_,
                        job.results[step.channel].begin());
            std::fill_n(job.sums.data() + step.channel * history_.row_size(), history_.row_size(),
                        T{0});
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
void ConvolutionTail<T>::finish_partition() {
    for (Job* job : {&current_, &next_}) {
        job->is_ready = job->is_begun;
        std::swap(job->results, job->ready);
    }
    fill_ = 0;
    collecting_ = (collecting_ + 1) % kCollected;
    std::fill(transformed_.begin(), transformed_.end(), char{0});
    history_.advance();
}

template <typename T>
void ConvolutionTail<T>::reset() {
    history_.reset();
    fill_ = 0;
    std::fill(transformed_.begin(), transformed_.end(), char{0});
    std::fill(collected_.begin(), collected_.end(), T{0});
    next_.is_begun = next_.is_ready = false;
    for (Job* job : {&current_, &next_}) {
        std::fill(job->sums.begin(), job->sums.end(), T{0});
        for (auto* blocks : {&job->results, &job->ready})
            for (AlignedArray<T>& block : *blocks)
                std::fill(block.begin(), block.end(), T{0});
    }
}

template class ConvolutionTail<float>;
template class ConvolutionTail<double>;

} // namespace tactus
