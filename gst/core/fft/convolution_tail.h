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
/// While there is a next response, it computes for both, from the beginning of a partition on.
///
/// Threads: one. Only the constructor allocates.
template <typename T>
class ConvolutionTail {
  public:
    using Response = ConvolutionResponse<T>;

    /// Segment number `segment` of the response's layout. Throws bad_alloc.
    ConvolutionTail(std::size_t segment, const Response& response);

    /// What it adds to the next block of an output.
    const T* ready(std::size_t output) const { return current_.ready[output].data() + fill_; }
    /// The same with the next response, where `has_next`.
    const T* next_ready(std::size_t output) const { return next_.ready[output].data() + fill_; }
    bool has_next() const { return next_.is_ready; }
    /// Takes the next block of each input, which lie `stride` numbers apart, and does its share of
    /// the work. `next` may be null. Both must live until they are not passed any more.
    void push(const T* blocks, std::size_t stride, const Response& current, const Response* next);
    /// The next response, which it has, is the current one from here on.
    void adopt_next();
    /// As if nothing but silence had come before.
    void reset();

  private:
    /// Work on the full partition, with one response.
    struct Job {
        bool is_begun = false;
        bool is_ready = false;
        AlignedArray<T> sums;                 ///< a row of each output
        std::vector<AlignedArray<T>> results; ///< a partition of each output
        std::vector<AlignedArray<T>> ready;   ///< of the partition before
    };

    void work(Job& job, const Response& response);
    void transform(std::size_t input);
    void finish_partition();

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
    Job next_;
};

extern template class ConvolutionTail<float>;
extern template class ConvolutionTail<double>;

} // namespace tactus
