// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/latency_registry.h"

#include <algorithm>
#include <bit>

namespace tactus {

namespace {

std::uint64_t free_bit(std::uint64_t used, std::uint32_t pad) {
    if (~used == 0) // more than 64 source pads share bits
        return std::uint64_t{1} << (pad % 64);
    return std::uint64_t{1} << std::countr_one(used);
}

} // namespace

void LatencyRegistry::element(const ElementInfo& info) {
    if (ElementState* state = elements_.find_or_add(info.id))
        state->info = info;
}

void LatencyRegistry::pad(const PadInfo& info) {
    PadState* pad = pads_.find_or_add(info.id);
    if (!pad)
        return;
    const bool moves = pad->element && pad->element->info.id != info.element;
    if (moves)
        detach(*pad);
    pad->info = info;
    pad->is_gone = false;
    if (pad->element)
        return;
    if (ElementState* element = elements_.find_or_add(info.element)) {
        element->info.id = info.element;
        element->pads.push_back(pad);
        pad->element = element;
    }
}

void LatencyRegistry::thread(const ThreadInfo& info) {
    if (ThreadState* state = threads_.find_or_add(info.id)) {
        state->info = info;
        state->is_told = true;
    }
}

void LatencyRegistry::detach(PadState& pad) {
    if (ElementState* element = pad.element) {
        std::erase(element->pads, &pad);
        std::erase(element->sink_pads, &pad);
        element->src_bits &= ~pad.bit;
    }
    pad.element = nullptr;
    pad.book.reset();
    pad.bit = 0;
    pad.edge = nullptr;
}

void LatencyRegistry::forget_pad(PadState& pad) {
    detach(pad);
    pad.is_gone = true;
    gone_pads_.push_back(pad.info.id);
    if (gone_pads_.size() > kGoneAliasesKept)
        if (PadState* older = pads_.find(gone_pads_[gone_pads_.size() - kGoneAliasesKept - 1]);
            older && older->is_gone)
            older->aliases = AliasRing();
    if (gone_pads_.size() > kGonePadsKept) {
        if (const PadState* oldest = pads_.find(gone_pads_.front()); oldest && oldest->is_gone)
            pads_.erase(gone_pads_.front());
        gone_pads_.pop_front();
    }
}

std::vector<std::uint32_t> LatencyRegistry::forget_elements() {
    if (elements_.size() <= kElementsKept)
        return {};
    std::vector<std::uint32_t> without_pads;
    elements_.for_each([&](const ElementState& element) {
        if (element.pads.empty())
            without_pads.push_back(element.info.id);
    });
    // The newest may be about to get its pads.
    if (!without_pads.empty())
        without_pads.pop_back();
    without_pads.resize(std::min(without_pads.size(), elements_.size() - kElementsKept));
    for (const std::uint32_t id : without_pads)
        forget_element(id);
    return without_pads;
}

void LatencyRegistry::forget_element(std::uint32_t id) {
    elements_.erase(id);
    elements_.for_each([id](ElementState& element) {
        std::erase_if(element.paths, [id](const auto& path) { return path->source_element == id; });
        for (PadState* pad : element.pads)
            if (pad->edge && pad->edge->dst_element == id)
                pad->edge = nullptr;
        std::erase_if(element.edges, [id](const auto& edge) { return edge->dst_element == id; });
    });
}

void LatencyRegistry::use_as_sink(PadState& pad) {
    pad.book = std::make_unique<PadBook>();
    pad.element->sink_pads.push_back(&pad);
}

void LatencyRegistry::use_as_source(PadState& pad) {
    pad.bit = free_bit(pad.element->src_bits, pad.info.id);
    pad.element->src_bits |= pad.bit;
    pad.element->ever_pushed = true;
}

} // namespace tactus
