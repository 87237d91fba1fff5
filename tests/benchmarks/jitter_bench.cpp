// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a packet costs in the jitter buffer's core: put in, polled until there is nothing to do,
// taken out.
#include "core/jitter/jitter_buffer.h"
#include "core/jitter/rtp_header.h"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <vector>

namespace tactus {

namespace {

constexpr std::int64_t kSpacingNs = 20'000'000;

/// Feeds packets of 20 ms to a buffer at the speed of their timestamps.
class Feed {
  public:
    explicit Feed(bool adaptive) : buffer_(make_config(adaptive)) {
        for (int i = 0; i < 100; ++i)
            packet(index_++);
    }

    void packet(std::int64_t index) {
        JitterPacket packet;
        packet.seqnum = static_cast<std::uint16_t>(index);
        packet.timestamp = static_cast<std::uint32_t>(index * 960);
        packet.clock_rate = 48000;
        packet.bytes = 172;
        now_ns_ = std::max(now_ns_, index * kSpacingNs);
        packet.arrival_ns = now_ns_;
        benchmark::DoNotOptimize(buffer_.insert(packet, now_ns_));
        for (;;) {
            const JitterAction action = buffer_.poll(now_ns_);
            if (action.kind == JitterAction::Kind::idle || action.kind == JitterAction::Kind::wait)
                break;
        }
        buffer_.take_dropped(dropped_);
        dropped_.clear();
    }

    std::int64_t index_ = 0;

  private:
    static JitterConfig make_config(bool adaptive) {
        JitterConfig config;
        config.adaptive = adaptive;
        return config;
    }

    JitterBuffer buffer_;
    std::vector<JitterBuffer::Dropped> dropped_;
    std::int64_t now_ns_ = 0;
};

void jitter_in_order(benchmark::State& state) {
    Feed feed(state.range(0) != 0);
    for (auto _ : state)
        feed.packet(feed.index_++);
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(jitter_in_order)->ArgName("adaptive")->Arg(0)->Arg(1);

void jitter_adjacent_swaps(benchmark::State& state) {
    Feed feed(state.range(0) != 0);
    for (auto _ : state) {
        feed.packet(feed.index_ + 1);
        feed.packet(feed.index_);
        feed.index_ += 2;
    }
    state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(jitter_adjacent_swaps)->ArgName("adaptive")->Arg(0)->Arg(1);

// A hole of that many packets before each one. From half a cycle on the numbers are ambiguous, and
// a whole cycle looks like none: the timestamps jump alone.
void jitter_gaps(benchmark::State& state) {
    Feed feed(true);
    for (auto _ : state) {
        feed.index_ += state.range(0);
        feed.packet(feed.index_++);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(jitter_gaps)->ArgName("packets")->Arg(10)->Arg(1000)->Arg(30'000)->Arg(65'536);

void jitter_reversed_hundreds(benchmark::State& state) {
    Feed feed(true);
    for (auto _ : state) {
        for (std::int64_t i = 100; i-- > 0;)
            feed.packet(feed.index_ + i);
        feed.index_ += 100;
    }
    state.SetItemsProcessed(100 * state.iterations());
}
BENCHMARK(jitter_reversed_hundreds);

void jitter_parse_header(benchmark::State& state) {
    std::array<std::uint8_t, 172> packet{0x90, 0x60, 0x12, 0x34, 0,    0, 1, 0,   1,
                                         2,    3,    4,    0xbe, 0xde, 0, 1, 0x10};
    for (auto _ : state) {
        benchmark::DoNotOptimize(packet.data());
        benchmark::DoNotOptimize(parse_rtp(packet));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(jitter_parse_header);

} // namespace

} // namespace tactus

BENCHMARK_MAIN();
