// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/aligned_array.h"
#include "core/fft/convolution_response.h"
#include "core/fft/spectral_history.h"

#include <cstddef>
#include <vector>

namespace tactus {

/// What a later segment of the response adds (see ConvolutionLayout). It collects blocks until they
/// fill a partition; while the next one is collected it computes, a bit after each block, what the
/// full one adds; and while the one after that is collected, that is taken out.
///
/// A new response begins with a partition: what comes out is faded over to it in the course of
/// that.
///
/// Threads: one. Only the constructor allocates.
template <typename T>
class ConvolutionTail {
  public:
    /// Segment number `segment` of the response's layout. Throws bad_alloc.
    ConvolutionTail(std::size_t segment, const ConvolutionResponse<T>& response);

    /// What it adds to the next block of an output.
    const T* ready(std::size_t output) const { return ready_[output].data() + fill_; }
    /// Takes the next block of each input, which lie `stride` numbers apart, and does its share of
    /// the work. `response` must live as long as `uses` says so.
    void push(const T* blocks, std::size_t stride, const ConvolutionResponse<T>& response);
    bool uses(const ConvolutionResponse<T>* response) const {
        return current_.response == response || old_.response == response;
    }
    /// As if nothing but silence had come before, with this response.
    void reset(const ConvolutionResponse<T>& response);

  private:
    /// Work on the full partition, with one response.
    struct Job {
        const ConvolutionResponse<T>* response = nullptr;
        AlignedArray<T> sum;                  ///< the row of the output that it is at
        std::vector<AlignedArray<T>> results; ///< a partition of each output
    };

    void work(Job& job, std::size_t block);
    void transform(std::size_t input);
    void finish_partition(const ConvolutionResponse<T>& next);

    std::size_t segment_;
    std::size_t block_frames_;
    std::size_t partition_frames_;
    std::size_t inputs_;
    SpectralHistory<T> history_;
    AlignedArray<T> collected_;  ///< of each input 3 partitions, in turns
    std::size_t collecting_ = 0; ///< which of the 3
    std::size_t fill_ = 0;       ///< how many frames of it are there
    AlignedArray<T> window_;
    std::vector<char> transformed_; ///< for each input
    Job current_;
    Job old_; ///< while faded over, the response before
    std::vector<AlignedArray<T>> ready_;
};

extern template class ConvolutionTail<float>;
extern template class ConvolutionTail<double>;

} // namespace tactus
