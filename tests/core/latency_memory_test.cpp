// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// In a program of its own, because it counts every allocation.
#include "../support/counted_new.h"
#include "latency_feeder.h"

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

  private:
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

} // namespace

} // namespace tactus
