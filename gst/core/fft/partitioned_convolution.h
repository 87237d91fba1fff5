// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/convolution_response.h"
#include "core/fft/convolution_tail.h"
#include "core/fft/spectral_history.h"

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace tactus {

/// Filters audio with a response of any length: partitioned convolution (overlap-save with a
/// frequency-domain delay line; Gardner 1995, Wefers 2015). As many frames come out as go in, at
/// once: the filter adds no delay. It costs least by whole blocks; part of one costs a transform of
/// a whole one, as does each further part.
///
/// By whole blocks the result does not depend on how they come. By parts of blocks it differs by
/// rounding.
///
/// A new response takes over without a click, and without the work of one block being much more
/// than that of another: what comes out is faded over to it in the course of one block. That is the
/// next one where the response has one segment; else it is the first one for which all segments
/// have computed with both, which takes up to two of the longest partitions. Meanwhile no other
/// response can begin.
///
/// Threads: one. Only the constructor allocates. Responses are shared, but one that is done with is
/// handed back rather than dropped.
template <typename T>
class PartitionedConvolution {
  public:
    using Response = std::shared_ptr<const ConvolutionResponse<T>>;

    /// Throws bad_alloc.
    explicit PartitionedConvolution(Response response);

    const ConvolutionResponse<T>& response() const { return *current_; }
    std::size_t block_frames() const { return block_frames_; }
    /// How many frames are missing to a whole block.
    std::size_t frames_to_block_end() const { return block_frames_ - fill_; }

    /// `in` and `out`: a pointer to `frames` frames for each channel. They may be the same.
    void process(const T* const* in, T* const* out, std::size_t frames);

    /// Whether a new response may be begun with: at a block's beginning, none under way.
    bool can_exchange() const { return fill_ == 0 && next_ == nullptr; }
    /// Whether a response can take the place of this one: cut alike, with the same channels.
    bool fits(const ConvolutionResponse<T>& next) const;
    /// Begins with a new response, which fits, while `can_exchange`.
    void exchange(Response next);
    /// The response before, once the next one has taken over; else null.
    Response take_retired() { return std::move(retired_); }

    /// As if nothing but silence had come before. A response under way is there at once.
    void reset();

  private:
    enum Which : std::size_t { kCurrent, kNext, kBoth };

    void process_part(const T* const* in, T* const* out, std::size_t offset, std::size_t frames);
    void take(const T* const* in, std::size_t offset, std::size_t frames);
    void sum_up_newest(Which which, std::size_t frames);
    void sum_up(Which which, std::size_t first, std::size_t end, T* sums) const;
    T* filtered(std::size_t output, Which which, std::size_t frames);
    void prepare_older();
    void finish_block();
    void begin_block(std::size_t frames);
    void adopt_next();

    std::size_t block_frames_;
    std::size_t inputs_;
    std::size_t outputs_;
    Response current_;
    Response next_;
    Response retired_;
    bool fading_ = false; ///< from the current to the next, in this block
    SpectralHistory<T> history_;
    std::vector<ConvolutionTail<T>> tails_;
    std::size_t fill_ = 0;    ///< frames of the current block that are there
    AlignedArray<T> windows_; ///< of each input, the block before and the current one
    AlignedArray<T> sums_;    ///< a row of each output
    /// For blocks in parts: likewise, of what all spectra but the newest add.
    std::array<AlignedArray<T>, kBoth> older_;
    AlignedArray<T> frames_;
};

extern template class PartitionedConvolution<float>;
extern template class PartitionedConvolution<double>;

} // namespace tactus
