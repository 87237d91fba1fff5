// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The core's units on their own.
#include "core/ring/broadcast_ring.h"
#include "core/ring/ring_queue.h"
#include "core/stats/log_linear_histogram.h"

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

namespace tactus {

namespace {

constexpr std::uint64_t kLimit = 256;

void dispose_nothing(void*, const Item&) {}
void retain_nothing(void*, const Item&, unsigned) {}

Item make_buffer(std::int64_t start_ns) {
    static int object;
    Item item;
    item.object = &object;
    item.kind = ItemKind::buffers;
    item.buffers = 1;
    item.bytes = 64;
    item.start_ns = start_ns;
    item.end_ns = start_ns + 1;
    return item;
}

void ring_queue_push_and_take(benchmark::State& state) {
    RingQueue queue({dispose_nothing, nullptr});
    queue.max_size().set_buffers(kLimit);
    std::uint64_t now = 0;
    Taken taken;
    for (auto _ : state) {
        ++now;
        benchmark::DoNotOptimize(queue.is_full());
        queue.push(make_buffer(static_cast<std::int64_t>(now)), now);
        benchmark::DoNotOptimize(queue.take(taken, now));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ring_queue_push_and_take);

void ring_queue_leaky_push(benchmark::State& state) {
    RingQueue queue({dispose_nothing, nullptr});
    queue.max_size().set_buffers(kLimit);
    queue.set_leak(Leak::downstream);
    std::uint64_t now = 0;
    for (auto _ : state) {
        const Item item = make_buffer(static_cast<std::int64_t>(++now));
        while (queue.is_full())
            benchmark::DoNotOptimize(queue.make_room(item));
        queue.push(item, now);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ring_queue_leaky_push);

void histogram_record(benchmark::State& state) {
    LogLinearHistogram histogram;
    std::uint64_t value = 12345;
    for (auto _ : state) {
        value = value * 6364136223846793005U + 1442695040888963407U;
        histogram.record(value >> 40);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(histogram_record);

// One push, then one take by each member.
void broadcast_ring_push_and_take(benchmark::State& state) {
    BroadcastRing ring({dispose_nothing, nullptr}, {retain_nothing, nullptr});
    ring.max_size().set_buffers(kLimit);
    std::vector<std::shared_ptr<BroadcastRing::Member>> members;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        members.push_back(ring.make_member());
        ring.join(members.back());
    }
    std::uint64_t now = 0;
    Taken taken;
    for (auto _ : state) {
        ++now;
        benchmark::DoNotOptimize(ring.is_full());
        ring.push(make_buffer(static_cast<std::int64_t>(now)), now);
        for (const auto& member : members)
            benchmark::DoNotOptimize(member->take(taken, ring, now));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(broadcast_ring_push_and_take)->Arg(1)->Arg(4);

} // namespace

} // namespace tactus

BENCHMARK_MAIN();
