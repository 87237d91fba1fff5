// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What one push costs the latency analyzer: its begin, its end, and the residence between.
#include "core/latency/latency_analyzer.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tactus {

namespace {

constexpr std::uint32_t kSinkPad = 1;
constexpr std::uint32_t kSrcPad = 2;

std::uint32_t pad_of(std::uint32_t element, std::uint32_t side) {
    return element * 4 + side;
}

void tell_chain(LatencyAnalyzer& analyzer, std::uint32_t elements) {
    for (std::uint32_t e = 1; e <= elements; ++e) {
        const std::string name = "identity" + std::to_string(e);
        analyzer.element({e, 1, name, "pipeline0/" + name, "identity", e == 1, e == elements});
        analyzer.pad({pad_of(e, kSinkPad), e, "sink"});
        analyzer.pad({pad_of(e, kSrcPad), e, "src"});
    }
}

/// Buffers that pass a chain of elements, each push nested in the one before.
void nested_pushes(benchmark::State& state) {
    const auto elements = static_cast<std::uint32_t>(state.range(0));
    LatencyAnalyzer analyzer;
    tell_chain(analyzer, elements);
    std::uint64_t now = 1000;
    std::uint64_t sequence = 0;
    for (auto _ : state) {
        IdStamp stamp{(std::uint64_t{pad_of(1, kSrcPad)} << IdStamp::kSequenceBits) | ++sequence,
                      now};
        BufferSeen buffer;
        buffer.ids = {&stamp, 1};
        buffer.address = 0x7f0000001000 + (sequence % 7) * 288;
        buffer.pts_ns = now;
        buffer.size_bytes = 4096;
        for (std::uint32_t e = 1; e < elements; ++e) {
            buffer.id_is_new = e == 1;
            analyzer.begin(
                {now += 50, 1, pad_of(e, kSrcPad), pad_of(e + 1, kSinkPad), {&buffer, 1}});
        }
        for (std::uint32_t e = 1; e < elements; ++e)
            analyzer.end({now += 50, 1, 0});
    }
    state.SetItemsProcessed(state.iterations() * (elements - 1));
}
BENCHMARK(nested_pushes)->Arg(3)->Arg(12)->Arg(42);

/// A queue that holds `range` buffers.
void backlog(benchmark::State& state) {
    const auto held = static_cast<std::uint64_t>(state.range(0));
    LatencyAnalyzer analyzer;
    tell_chain(analyzer, 3);
    std::uint64_t now = 1000;
    std::uint64_t sequence = 0;
    const auto push = [&](std::uint32_t from, std::uint64_t number, std::uint32_t thread) {
        IdStamp stamp{(std::uint64_t{pad_of(1, kSrcPad)} << IdStamp::kSequenceBits) | number, now};
        BufferSeen buffer;
        buffer.ids = {&stamp, 1};
        buffer.address = 0x7f0000001000 + (number % (held + 3)) * 288;
        buffer.id_is_new = from == 1;
        now += 50;
        analyzer.begin(
            {now, thread, pad_of(from, kSrcPad), pad_of(from + 1, kSinkPad), {&buffer, 1}});
        analyzer.end({now, thread, 0});
    };
    for (auto _ : state) {
        push(1, ++sequence, 1);
        if (sequence > held)
            push(2, sequence - held, 2);
    }
    state.SetItemsProcessed(state.iterations() * 2);
}
BENCHMARK(backlog)->Arg(10)->Arg(1000);

} // namespace

} // namespace tactus

BENCHMARK_MAIN();
