// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/id_table.h"
#include "core/latency/latency_model.h"

#include <cstddef>
#include <deque>
#include <vector>

namespace tactus {

/// The elements, pads and threads that exist, and for a while those that did. Owns them. Beyond
/// 512 elements those without a pad are forgotten, lowest id first; the last 1,024 pads that have
/// gone are remembered, because buffers with their ids may still be on their way, the last 16 with
/// their derived ids. One thread.
class LatencyRegistry {
  public:
    static constexpr std::size_t kElementsKept = 512;
    static constexpr std::size_t kGonePadsKept = 1024;
    static constexpr std::size_t kGoneAliasesKept = 16;

    void element(const ElementInfo& info);
    /// An element that was not told before is made, without a name.
    void pad(const PadInfo& info);
    void thread(const ThreadInfo& info);
    void forget_pad(PadState& pad);
    /// To be called now and then, when what was told of elements and pads fits together. Returns
    /// the ids of those that were forgotten.
    std::vector<std::uint32_t> forget_elements();
    void forget_thread(std::uint32_t id) { threads_.erase(id); }

    ElementState* find_element(std::uint32_t id) const { return elements_.find(id); }
    PadState* find_pad(std::uint32_t id) const { return pads_.find(id); }
    ThreadState* find_thread(std::uint32_t id) const { return threads_.find(id); }
    /// nullptr for 0 or a number too large.
    ThreadState* use_thread(std::uint32_t id) { return threads_.find_or_add(id); }

    /// The element of the pad that gave an id; 0 if that is no longer known.
    std::uint32_t source_of(const IdStamp& stamp) const {
        const PadState* pad = pads_.find(stamp.pad());
        return pad ? pad->info.element : 0;
    }

    /// Makes the pad one that is pushed to, or pushes.
    static void use_as_sink(PadState& pad);
    static void use_as_source(PadState& pad);

    template <typename Visit>
    void for_each_element(Visit visit) const {
        elements_.for_each(visit);
    }
    template <typename Visit>
    void for_each_thread(Visit visit) const {
        threads_.for_each(visit);
    }

  private:
    void forget_element(std::uint32_t id);
    static void detach(PadState& pad);

    IdTable<ElementState> elements_;
    IdTable<PadState> pads_;
    IdTable<ThreadState> threads_;
    std::deque<std::uint32_t> gone_pads_; // oldest first
};

} // namespace tactus
