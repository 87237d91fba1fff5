// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/trace/trace_timeline.h"

#include <gtest/gtest.h>
#include <malloc.h>

namespace tactus {

namespace {

std::size_t heap_bytes() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/// A source that pushes through a queue to a sink, everything that can happen to its buffers.
class Traffic {
  public:
    explicit Traffic(TraceTimeline& timeline) : timeline_(timeline) {
        for (const std::uint32_t id : {1u, 2u, 3u})
            timeline.element_added({id, 9, "e" + std::to_string(id), "", "", false, false});
    }

    void next() {
        now_ns_ += 33'000;
        ++sequence_;
        const IdStamp id{sequence_, now_ns_};
        const Origins origins{id, id, false};
        push(1, 1, 2, id, origins);
        push(2, 2, 3, id, origins);
        timeline_.left({2, id.id, origins, now_ns_, now_ns_ + 100'000, 1, 2, true});
        if (sequence_ % 16 != 0)
            return;
        timeline_.dropped({2, id.id, now_ns_, now_ns_ + 10});
        timeline_.sampled({now_ns_, "sample", "ns", 1.0});
        GpuWork work;
        work.label = "shader";
        work.begin_ns = now_ns_;
        work.end_ns = now_ns_ + 5;
        timeline_.gpu_worked(work);
    }

  private:
    void push(std::uint32_t thread, std::uint32_t src, std::uint32_t dst, IdStamp id,
              const Origins& origins) {
        PushBegan began;
        began.at_ns = now_ns_;
        began.thread = thread;
        began.src_element = src;
        began.dst_element = dst;
        began.buffer_id = id.id;
        began.origins = origins;
        timeline_.push_began(began);
        timeline_.push_ended({now_ns_ + 10, now_ns_, 0, thread, dst, 0});
    }

    TraceTimeline& timeline_;
    std::uint64_t now_ns_ = 1'000'000'000;
    std::uint64_t sequence_ = 0;
};

TEST(TraceMemory, StaysTheSameForAMillionSlices) {
    std::string error;
    std::uint64_t bytes = 0;
    auto file = TraceFile::open("/dev/null", error,
                                [&bytes](int, const void*, std::size_t count) -> ssize_t {
                                    bytes += count;
                                    return static_cast<ssize_t>(count);
                                });
    ASSERT_NE(file, nullptr) << error;
    TraceTimeline timeline(*file, {1, "p"}, {});
    Traffic traffic(timeline);
    for (int i = 0; i < 20'000; ++i) // past the first windows of bitrate
        traffic.next();
    const std::size_t before = heap_bytes();
    if (before == 0)
        GTEST_SKIP() << "this allocator (a sanitizer's?) does not tell how much it gave";
    for (int i = 0; i < 350'000; ++i) // three slices and more each
        traffic.next();
    EXPECT_EQ(heap_bytes(), before);
    EXPECT_GT(bytes, 30'000'000u);
    EXPECT_EQ(file->packets_lost(), 0u);
}

} // namespace

} // namespace tactus
