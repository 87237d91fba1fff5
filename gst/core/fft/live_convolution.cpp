// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/live_convolution.h"

#include "core/fft/cross_fade.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

namespace tactus {

namespace {

std::size_t partitions_of(const ConvolutionLayout& layout) {
    std::size_t count = 0;
    for (const ConvolutionSegment& segment : layout.segments)
        count += segment.partitions;
    return count;
}

} // namespace

template <typename T>
LiveConvolution<T>::LiveConvolution(const ConvolutionFilter& filter, std::size_t block_frames)
    : inputs_(filter.inputs), outputs_(filter.outputs),
      published_layout_(block_frames, filter.longest_taps()) {
    engine_ = std::make_unique<Engine>(
        std::make_shared<const ConvolutionResponse<T>>(filter, published_layout_));
    beside_.resize(outputs_, AlignedArray<T>(block_frames));
    partitions_ = partitions_of(published_layout_);
}

template <typename T>
LiveConvolution<T>::~LiveConvolution() {
    delete waiting_.load(std::memory_order_acquire); // partner: publish
    free_returned();
}

// --- the thread that streams

template <typename T>
void LiveConvolution<T>::process(const T* const* in, T* const* out, std::size_t frames) {
    for (std::size_t done = 0; done < frames;) {
        if (engine_->frames_to_block_end() == block_frames())
            begin_block();
        const std::size_t part = std::min(frames - done, engine_->frames_to_block_end());
        process_part(in, out, done, part);
        done += part;
        if (engine_->frames_to_block_end() == block_frames())
            end_block();
    }
}

template <typename T>
void LiveConvolution<T>::begin_block() {
    if (longer_ != nullptr) {
        fading_ = unheard_frames_ == 0;
        return;
    }
    if (under_way_ != nullptr || waiting_.load(std::memory_order_relaxed) == nullptr)
        return;
    // acquire: partner of the release in publish.
    under_way_.reset(waiting_.exchange(nullptr, std::memory_order_acquire));
    if (under_way_ == nullptr)
        return;
    if (under_way_->engine == nullptr) {
        engine_->exchange(std::move(under_way_->response));
        return;
    }
    longer_ = std::move(under_way_->engine);
    // Not just what its filter needs: the next one may be as long as there is room for.
    unheard_frames_ = longer_->response().layout().capacity_taps();
}

template <typename T>
void LiveConvolution<T>::process_part(const T* const* in, T* const* out, std::size_t offset,
                                      std::size_t frames) {
    std::array<const T*, ConvolutionFilter::kMostChannels> from{};
    std::array<T*, ConvolutionFilter::kMostChannels> to{};
    std::array<T*, ConvolutionFilter::kMostChannels> beside{};
    for (std::size_t i = 0; i < inputs_; ++i)
        from[i] = in[i] + offset;
    for (std::size_t o = 0; o < outputs_; ++o) {
        to[o] = out[o] + offset;
        beside[o] = beside_[o].data();
    }
    const std::size_t begin = block_frames() - engine_->frames_to_block_end();
    // First, as the output may lie where the input does.
    if (longer_ != nullptr) {
        longer_->process(from.data(), beside.data(), frames);
        unheard_frames_ -= std::min(unheard_frames_, frames);
    }
    engine_->process(from.data(), to.data(), frames);
    for (std::size_t o = 0; fading_ && o < outputs_; ++o) {
        cross_fade(to[o], beside[o], frames, begin, block_frames());
        std::copy_n(beside[o], frames, to[o]);
    }
}

template <typename T>
void LiveConvolution<T>::end_block() {
    if (fading_) {
        take_over();
    } else if (under_way_ != nullptr && longer_ == nullptr) {
        under_way_->response = engine_->take_retired();
        if (under_way_->response != nullptr)
            give_back(std::move(under_way_));
    }
}

template <typename T>
void LiveConvolution<T>::take_over() {
    fading_ = false;
    std::swap(engine_, longer_);
    partitions_.store(partitions_of(engine_->response().layout()), std::memory_order_relaxed);
    under_way_->engine = std::move(longer_);
    give_back(std::move(under_way_));
}

template <typename T>
void LiveConvolution<T>::give_back(std::unique_ptr<Handover> handover) {
    exchanges_.fetch_add(1, std::memory_order_relaxed); // a number to look at
    Handover* const raw = handover.release();
    raw->next = returned_.load(std::memory_order_relaxed);
    // release: partner of the acquire in free_returned.
    while (!returned_.compare_exchange_weak(raw->next, raw, std::memory_order_release,
                                            std::memory_order_relaxed)) {
    }
}

template <typename T>
void LiveConvolution<T>::reset() {
    finish_exchange();
    begin_block(); // with what waits
    finish_exchange();
}

template <typename T>
void LiveConvolution<T>::finish_exchange() {
    if (longer_ != nullptr)
        take_over();
    engine_->reset();
    end_block();
}

// --- the other one

template <typename T>
void LiveConvolution<T>::free_returned() {
    // acquire: partner of the release in give_back.
    std::unique_ptr<Handover> first(returned_.exchange(nullptr, std::memory_order_acquire));
    while (first != nullptr)
        first.reset(std::exchange(first->next, nullptr));
}

template <typename T>
void LiveConvolution<T>::publish(const ConvolutionFilter& filter) {
    free_returned();
    if (filter.inputs != inputs_ || filter.outputs != outputs_)
        throw std::invalid_argument("a filter from " + std::to_string(filter.inputs) + " to " +
                                    std::to_string(filter.outputs) +
                                    " channels in the place of one from " +
                                    std::to_string(inputs_) + " to " + std::to_string(outputs_));
    const std::size_t taps = filter.longest_taps();
    const bool fits = taps <= published_layout_.capacity_taps();
    const ConvolutionLayout layout =
        fits ? published_layout_ : ConvolutionLayout(published_layout_.block_frames(), taps);
    auto handover = std::make_unique<Handover>();
    handover->response = std::make_shared<const ConvolutionResponse<T>>(filter, layout);
    // One that has not been taken must not be counted on.
    std::unique_ptr<Handover> missed(waiting_.exchange(nullptr, std::memory_order_acquire));
    try {
        if (!fits || (missed != nullptr && missed->engine != nullptr))
            handover->engine = std::make_unique<Engine>(std::move(handover->response));
    } catch (...) {
        // The layout published last is its.
        waiting_.store(missed.release(), std::memory_order_release); // partner: begin_block
        throw;
    }
    published_layout_ = layout;
    waiting_.store(handover.release(), std::memory_order_release); // partner: begin_block
}

template class LiveConvolution<float>;
template class LiveConvolution<double>;

} // namespace tactus
