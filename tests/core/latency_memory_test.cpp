// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// In a program of its own, because it counts every allocation.
#include "../support/counted_new.h"
#include "../support/footprint.h"
#include "../support/sanitized.h"
#include "core/latency/duration_histogram.h"
#include "latency_feeder.h"

#include <random>

namespace tactus {

namespace {

class LatencyMemory : public LatencyFeeder {
  protected:
    LatencyMemory() {
        analyzer.remove_observer(&recorder); // it keeps all it hears
        element(1, "src", true);
        element(2, "leakyqueue");
        element(3, "mixer");
        element(4, "sink", false, true);
        time_segment(src_pad(2), 0);
        time_segment(src_pad(3), 0);
    }

    /// Source, leaky queue that drops every seventh, mixer, sink.
    void run(std::uint64_t from, std::uint64_t count) {
        for (std::uint64_t i = from; i < from + count; ++i) {
            IdStamp stamp{(std::uint64_t{src_pad(1)} << IdStamp::kSequenceBits) | i, i * kMs};
            BufferSeen buffer;
            buffer.ids = {&stamp, 1};
            buffer.address = 0x1000 + i % 50 * 64;
            buffer.pts_ns = i * kMs;
            buffer.duration_ns = kMs;
            buffer.id_is_new = true;
            pass(src_pad(1), sink_pad(2), buffer, i);
            buffer.id_is_new = false;
            if (i % 7 != 0)
                pass(src_pad(2), sink_pad(3), buffer, i);
            stamp.id = (std::uint64_t{src_pad(3)} << IdStamp::kSequenceBits) | i;
            buffer.address += 0x100000;
            buffer.id_is_new = true;
            pass(src_pad(3), sink_pad(4), buffer, i);
            if (i % 100 == 0)
                analyzer.tick(i * kMs);
        }
    }

    /// An element takes the place of the queue, lets buffers pass, and goes.
    void live_and_go(std::uint32_t id, std::uint64_t buffers) {
        element(id, "queue");
        for (std::uint64_t i = 0; i < buffers; ++i) {
            TestBuffer buffer = fresh(src_pad(1), now_ms_);
            begin(src_pad(1), sink_pad(id), buffer, now_ms_);
            now_ms_ += random_() >> (44 + random_() % 20);
            end(now_ms_);
            push(src_pad(id), sink_pad(4), buffer, now_ms_, 2);
        }
        for (std::uint32_t pad = 1; pad < 10; ++pad)
            analyzer.pad_gone(id * 10 + pad);
    }

    std::uint64_t now_ms_ = 1;

  private:
    std::mt19937_64 random_{5};

    void pass(std::uint32_t src, std::uint32_t dst, const BufferSeen& buffer, std::uint64_t at) {
        analyzer.begin({at * kMs, 1, src, dst, {&buffer, 1}});
        analyzer.end({at * kMs, 1, 0});
    }
};

TEST_F(LatencyMemory, is_constant_over_a_million_buffers) {
    run(0, 100'000);
    const std::uint64_t before = allocations();
    run(100'000, 1'000'000);
    EXPECT_EQ(allocations(), before);
    EXPECT_EQ(stats(2).buffers_in, 1'100'000u);
    EXPECT_NEAR(static_cast<double>(stats(2).dropped), 1'100'000.0 / 7, 20);
    EXPECT_EQ(stats(3).inferred, 1'099'999u); // the first came before any input
}

// Durations of all sizes, as they are in an element that has been there for a while.
TEST_F(LatencyMemory, of_an_element_that_has_gone_is_small_and_nothing_is_lost) {
    if (test::kSanitized)
        GTEST_SKIP() << "sanitizers do not tell how much is allocated";
    constexpr std::uint32_t kFirst = 10;
    constexpr std::uint32_t kElements = 400;
    constexpr std::uint64_t kBuffers = 500;
    const std::size_t before = heap_bytes();
    for (std::uint32_t i = 0; i < kElements; ++i)
        live_and_go(kFirst + i, kBuffers);
    analyzer.tick(now_ms_ * kMs);
    const std::size_t at_once = heap_bytes() - before;
    analyzer.tick((now_ms_ + 10'000) * kMs);
    analyzer.tick((now_ms_ + 20'000) * kMs);
    const std::size_t later = heap_bytes() - before;
    EXPECT_LT(later / kElements, 8000u) << at_once / kElements << " bytes each before";
    EXPECT_LT(later, at_once / 3);
    std::uint32_t gone = 0;
    for (const ElementStats& element : analyzer.snapshot(0).elements) {
        if (element.info.id < kFirst)
            continue;
        ++gone;
        EXPECT_EQ(total_count(element.residence), kBuffers);
        EXPECT_EQ(total_count(element.self), kBuffers);
    }
    EXPECT_EQ(gone, kElements);
}

} // namespace

} // namespace tactus
