// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The loops that ORC does, and what the compiler makes of plain ones.
#include "core/fft/sample_loops.h"

#include "../support/plain_sample_loops.h"
#include "core/fft/aligned_array.h"

#include <benchmark/benchmark.h>

namespace tactus {

namespace {

/// Samples of any kind, and room for what becomes of them.
struct Arrays {
    explicit Arrays(std::size_t count) : bytes(8 * count), in(2 * count), out(2 * count) {
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::uint8_t>(i * 37);
        for (std::size_t i = 0; i < in.size(); ++i)
            in[i] = static_cast<float>(i % 200) / 100 - 1;
    }

    AlignedArray<std::uint8_t> bytes;
    AlignedArray<float> in;
    AlignedArray<float> out;
};

/// What calls a loop by an address that the compiler does not know, as a reader of samples does.
template <class Loop>
auto unknown(Loop* loop) {
    return [loop](auto... arguments) {
        Loop* called = loop;
        benchmark::DoNotOptimize(called);
        called(arguments...);
    };
}

template <class Loop>
void repeat(benchmark::State& state, const Loop& loop) {
    prepare_sample_loops();
    const auto count = static_cast<std::size_t>(state.range(0));
    Arrays arrays(count);
    for (auto _ : state) {
        loop(arrays, count);
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

template <class Loop>
void add(const char* name, const Loop& loop) {
    benchmark::RegisterBenchmark(name, [=](benchmark::State& state) { repeat(state, loop); })
        ->Arg(64)
        ->Arg(480)
        ->Arg(4096);
}

template <class Loop, class Plain>
void add_conversion(const char* name, const char* plain_name, Loop* known, Plain* known_plain) {
    const auto loop = unknown(known);
    const auto plain = unknown(known_plain);
    add(name,
        [=](Arrays& a, std::size_t count) { loop(a.bytes.data(), count, 0x1p-31F, a.out.data()); });
    add(plain_name, [=](Arrays& a, std::size_t count) {
        plain(a.bytes.data(), count, 0x1p-31F, a.out.data());
    });
}

void add_all() {
    add_conversion("swapped_s32/orc", "swapped_s32/plain", f32_from_swapped_s32,
                   plain::f32_from_swapped_s32);
    add_conversion("s24_32/orc", "s24_32/plain", f32_from_s24_32, plain::f32_from_s24_32<false>);
    add_conversion("swapped_s24_32/orc", "swapped_s24_32/plain", f32_from_swapped_s24_32,
                   plain::f32_from_s24_32<true>);
    add_conversion("swapped_f32/orc", "swapped_f32/plain", f32_from_swapped_f32,
                   plain::f32_from_swapped_f32);
    add_conversion("swapped_f64/orc", "swapped_f64/plain", f32_from_swapped_f64,
                   plain::f32_from_swapped_f64);
    const auto part = [](auto* known) {
        const auto loop = unknown(known);
        return [=](Arrays& a, std::size_t count) {
            loop(a.bytes.data(), count, 0x1p-15F, a.out.data(), a.out.data() + count);
        };
    };
    add("part_s16/orc", part(part_s16));
    add("part_s16/plain", part(plain::part_s16));
    const auto s16 = [](auto* known) {
        const auto loop = unknown(known);
        return [=](Arrays& a, std::size_t count) {
            loop(a.in.data(), count, reinterpret_cast<std::int16_t*>(a.bytes.data()));
        };
    };
    add("s16_from_f32/orc", s16(s16_from_f32));
    add("s16_from_f32/plain", s16(plain::s16_from_f32));
    const auto join = [](auto* known) {
        const auto loop = unknown(known);
        return [=](Arrays& a, std::size_t count) {
            loop(a.in.data(), a.in.data() + count, count,
                 reinterpret_cast<std::int16_t*>(a.bytes.data()));
        };
    };
    add("join_s16/orc", join(join_s16));
    add("join_s16/plain", join(plain::join_s16));
}

} // namespace

} // namespace tactus

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 1;
    tactus::add_all();
    benchmark::RunSpecifiedBenchmarks();
}
