// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "../support/sanitized.h"
#include "core/ring/broadcast_ring.h"
#include "core/ring/disposer.h"
#include "core/ring/item.h"
#include "core/ring/ring_queue.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tactus::test {

inline constexpr std::int64_t kMs = 1'000'000;

/// How many items a stress run sends: a thirtieth of `full` where each access is watched.
constexpr std::uint64_t stress_count(std::uint64_t full) {
    return kThreadSanitized ? full / 30 : full;
}

inline std::uint64_t id_of(const Item& item) {
    return reinterpret_cast<std::uintptr_t>(item.object);
}

inline Item make_item(std::uint64_t id, ItemKind kind, unsigned flags = 0) {
    Item item;
    item.object = reinterpret_cast<void*>(static_cast<std::uintptr_t>(id));
    item.kind = kind;
    item.flags = static_cast<std::uint8_t>(flags);
    return item;
}

/// A buffer of 100 bytes without a time.
inline Item untimed(std::uint64_t id, unsigned flags = 0) {
    Item item = make_item(id, ItemKind::buffers, flags);
    item.buffers = 1;
    item.bytes = 100;
    return item;
}

inline Item buffer(std::uint64_t id, std::int64_t start_ms, std::int64_t end_ms,
                   unsigned flags = 0) {
    Item item = untimed(id, flags);
    item.start_ns = start_ms * kMs;
    item.end_ns = end_ms * kMs;
    return item;
}

inline Item list(std::uint64_t id, std::uint32_t buffers, std::uint64_t bytes) {
    Item item = make_item(id, ItemKind::buffers, Item::kList);
    item.buffers = buffers;
    item.bytes = bytes;
    return item;
}

inline Item event(std::uint64_t id, unsigned flags = 0) {
    return make_item(id, ItemKind::event, flags);
}

inline Item gap(std::uint64_t id, std::int64_t start_ms, std::int64_t end_ms) {
    Item item = event(id, Item::kGap);
    item.start_ns = start_ms * kMs;
    item.end_ns = end_ms * kMs;
    return item;
}

inline Item query(std::uint64_t id) {
    return make_item(id, ItemKind::query);
}

/// Counts the references of every item by its id. Any thread.
class References {
  public:
    explicit References(std::size_t ids) : held_(ids + 1) {}

    void add(const Item& item, int n = 1) {
        held_.at(id_of(item)).fetch_add(static_cast<std::int8_t>(n), std::memory_order_relaxed);
    }
    void release(const Item& item) { add(item, -1); }
    int held(std::uint64_t id) const { return held_.at(id).load(std::memory_order_relaxed); }

    /// Items that were given up too seldom or too often.
    std::size_t unbalanced() const {
        std::size_t n = 0;
        for (const auto& h : held_)
            n += h.load(std::memory_order_relaxed) != 0;
        return n;
    }

    Disposer disposer() {
        return {[](void* self, const Item& item) { static_cast<References*>(self)->release(item); },
                this};
    }
    BroadcastRing::Retainer retainer() {
        return {[](void* self, const Item& item, unsigned extra) {
                    static_cast<References*>(self)->add(item, static_cast<int>(extra));
                },
                this};
    }

  private:
    std::vector<std::atomic<std::int8_t>> held_;
};

/// What an element does with what comes in. `blocked` means that it would wait; the item then is
/// still the caller's.
enum class Offered { queued, refused, blocked };

inline Offered offer(RingQueue& queue, References& refs, const Item& item,
                     std::uint64_t now_ns = 0) {
    if (item.is_buffers()) {
        RingQueue::Room room = RingQueue::Room::ready;
        if (queue.is_broken(item)) {
            queue.refuse(item);
            return Offered::refused;
        }
        if (queue.is_full())
            room = queue.make_room(item);
        if (room != RingQueue::Room::ready)
            return room == RingQueue::Room::wait ? Offered::blocked : Offered::refused;
    }
    refs.add(item);
    queue.push(item, now_ns);
    return Offered::queued;
}

/// The next item, its reference given up at once.
inline std::optional<Taken> take(RingQueue& queue, References& refs, std::uint64_t now_ns = 0) {
    Taken taken;
    if (!queue.take(taken, now_ns))
        return std::nullopt;
    refs.release(taken.item);
    return taken;
}

/// The ids of all that comes out, in order.
inline std::vector<std::uint64_t> take_all(RingQueue& queue, References& refs) {
    std::vector<std::uint64_t> ids;
    while (const auto taken = take(queue, refs))
        ids.push_back(id_of(taken->item));
    return ids;
}

} // namespace tactus::test
