// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/aligned_array.h"
#include "core/fft/partitioned_convolution.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace tactus {

/// A PartitionedConvolution whose filter another thread replaces while it runs.
///
/// A filter that is not longer than the longest so far takes over at the next block (see
/// PartitionedConvolution). A longer one needs more of the past than there is: it runs beside the
/// old one until it has heard as much as it is long, and is then faded over to in one block. Of
/// several filters that wait, the latest counts.
///
/// Threads: `publish` for one thread at a time, all else for the one that streams. That one takes
/// no lock, allocates nothing and frees nothing: what is done with goes back with the next
/// `publish`.
template <typename T>
class LiveConvolution {
  public:
    /// Throws invalid_argument as ConvolutionLayout and ConvolutionResponse do; bad_alloc.
    LiveConvolution(const ConvolutionFilter& filter, std::size_t block_frames);
    ~LiveConvolution();
    LiveConvolution(const LiveConvolution&) = delete;
    LiveConvolution& operator=(const LiveConvolution&) = delete;

    std::size_t block_frames() const { return engine_->block_frames(); }
    /// Of the filter that one hears.
    std::size_t taps() const { return engine_->response().taps(); }
    /// How many filters have taken over completely. Any thread.
    std::uint64_t exchanges() const { return exchanges_.load(std::memory_order_relaxed); }
    /// Of the longest filter so far. Any thread.
    std::size_t partitions() const { return partitions_.load(std::memory_order_relaxed); }

    /// See PartitionedConvolution.
    void process(const T* const* in, T* const* out, std::size_t frames);
    /// As if nothing but silence had come before. A filter that waits is there at once.
    void reset();

    /// Throws invalid_argument if the filter has other channels, or as the constructor does.
    void publish(const ConvolutionFilter& filter);

  private:
    using Engine = PartitionedConvolution<T>;

    /// What comes with a filter, and then takes what it replaced back.
    struct Handover {
        typename Engine::Response response;
        std::unique_ptr<Engine> engine; ///< where the running one is too short
        Handover* next = nullptr;
    };

    void begin_block();
    void process_part(const T* const* in, T* const* out, std::size_t offset, std::size_t frames);
    void end_block();
    void take_over();
    void finish_exchange();
    void give_back(std::unique_ptr<Handover> handover);
    void free_returned();

    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Engine> longer_;      ///< runs beside it
    std::size_t unheard_frames_ = 0;      ///< until that has heard enough
    bool fading_ = false;                 ///< over to it, in this block
    std::unique_ptr<Handover> under_way_; ///< what is being changed to
    std::vector<AlignedArray<T>> beside_; ///< a block of each output
    std::atomic<std::uint64_t> exchanges_{0};
    std::atomic<std::size_t> partitions_;

    std::size_t inputs_;
    std::size_t outputs_;
    ConvolutionLayout published_layout_; ///< the publisher's: what the engine will have then
    std::atomic<Handover*> waiting_{nullptr};
    std::atomic<Handover*> returned_{nullptr}; ///< a list
};

extern template class LiveConvolution<float>;
extern template class LiveConvolution<double>;

} // namespace tactus
