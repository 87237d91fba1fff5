// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_analyzer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace tactus {

constexpr std::uint64_t kMs = 1'000'000;

/// Keeps what an analyzer tells.
class Recorder : public LatencyObserver {
  public:
    void element_added(const ElementInfo& info) override { elements.push_back(info); }
    void element_gone(std::uint32_t element) override { gone.push_back(element); }
    void thread_added(const ThreadInfo& info) override { threads.push_back(info); }
    void push_began(const PushBegan& push) override { begun.push_back(push); }
    void push_ended(const PushEnded& push) override { ended.push_back(push); }
    void left(const Residence& residence) override { residences.push_back(residence); }
    void dropped(const Dropped& drop) override { drops.push_back(drop); }
    void arrived(const Arrived& arrival) override { arrivals.push_back(arrival); }
    void gpu_worked(const GpuWork& work) override { gpu.push_back(work); }
    void incident(const Incident&) override { ++incidents; }
    void sampled(const CounterSample&) override { ++samples; }

    std::vector<ElementInfo> elements;
    std::vector<std::uint32_t> gone;
    std::vector<ThreadInfo> threads;
    std::vector<PushBegan> begun;
    std::vector<PushEnded> ended;
    std::vector<Residence> residences;
    std::vector<Dropped> drops;
    std::vector<Arrived> arrivals;
    std::vector<GpuWork> gpu;
    unsigned incidents = 0;
    unsigned samples = 0;
};

/// A buffer as tests speak of it.
struct TestBuffer {
    std::vector<IdStamp> ids;
    std::uint64_t address = 0;
    std::uint64_t pts_ns = kNoTimeNs;
    std::uint64_t duration_ns = kNoTimeNs;
    bool id_is_new = false;
    bool id_unattached = false;
    std::uint64_t size_bytes = 100;
};

/// Feeds an analyzer with what hooks would record. Times are in ms; element n has sink pads
/// 10 n + 1 .. 10 n + 4 and source pads 10 n + 5 .. 10 n + 9.
class LatencyFeeder : public ::testing::Test {
  protected:
    LatencyFeeder() { analyzer.add_observer(&recorder); }

    static std::uint32_t sink_pad(std::uint32_t element, std::uint32_t n = 0) {
        return element * 10 + 1 + n;
    }
    static std::uint32_t src_pad(std::uint32_t element, std::uint32_t n = 0) {
        return element * 10 + 5 + n;
    }

    void element(std::uint32_t id, const std::string& factory, bool is_source = false,
                 bool is_sink = false) {
        analyzer.element(
            {id, 1, factory + "0", "pipeline0/" + factory + "0", factory, is_source, is_sink});
        for (std::uint32_t n = 1; n < 10; ++n)
            analyzer.pad({id * 10 + n, id, "pad" + std::to_string(n)});
    }

    /// The id that a source gives now.
    TestBuffer fresh(std::uint32_t pad, std::uint64_t at_ms) {
        const std::uint64_t id = (std::uint64_t{pad} << IdStamp::kSequenceBits) | ++sequence_;
        TestBuffer buffer;
        buffer.ids = {{id, at_ms * kMs}};
        buffer.address = 0x10000 + 64 * sequence_;
        buffer.id_is_new = true;
        return buffer;
    }

    void begin(std::uint32_t src, std::uint32_t dst, TestBuffer& buffer, std::uint64_t at_ms,
               std::uint32_t thread = 1, bool has_end = true) {
        const BufferSeen seen = to_seen(buffer);
        analyzer.begin({at_ms * kMs, thread, src, dst, {&seen, 1}, has_end});
        if (!buffer.id_unattached)
            buffer.id_is_new = false;
    }
    void end(std::uint64_t at_ms, std::uint32_t thread = 1) {
        analyzer.end({at_ms * kMs, thread, 0});
    }
    void push(std::uint32_t src, std::uint32_t dst, TestBuffer& buffer, std::uint64_t at_ms,
              std::uint32_t thread = 1) {
        begin(src, dst, buffer, at_ms, thread);
        end(at_ms, thread);
    }
    /// A new buffer from the source `from` into `to`.
    TestBuffer feed(std::uint32_t from, std::uint32_t dst_pad, std::uint64_t at_ms) {
        TestBuffer buffer = fresh(src_pad(from), at_ms);
        push(src_pad(from), dst_pad, buffer, at_ms);
        return buffer;
    }
    TestBuffer feed_timed(std::uint32_t from, std::uint32_t dst_pad, std::uint64_t at_ms,
                          std::uint64_t pts_ms, std::uint64_t duration_ms) {
        TestBuffer buffer = fresh(src_pad(from), at_ms);
        buffer.pts_ns = pts_ms * kMs;
        if (duration_ms != 0)
            buffer.duration_ns = duration_ms * kMs;
        push(src_pad(from), dst_pad, buffer, at_ms);
        return buffer;
    }
    /// A buffer without identity comes out of `pad`.
    TestBuffer derive(std::uint32_t pad, std::uint32_t dst_pad, std::uint64_t at_ms,
                      std::uint64_t pts_ms, std::uint64_t duration_ms) {
        TestBuffer buffer = fresh(pad, at_ms);
        if (pts_ms != kNoTimeNs)
            buffer.pts_ns = pts_ms * kMs;
        if (duration_ms != 0)
            buffer.duration_ns = duration_ms * kMs;
        push(pad, dst_pad, buffer, at_ms, 2);
        return buffer;
    }
    void time_segment(std::uint32_t pad, std::uint64_t start_ms, std::uint64_t base_ms = 0,
                      double rate = 1.0, std::uint64_t stop_ms = kNoTimeNs) {
        SegmentSeen segment;
        segment.src_pad = pad;
        segment.rate = rate;
        segment.start_ns = start_ms * kMs;
        segment.base_ns = base_ms * kMs;
        if (stop_ms != kNoTimeNs)
            segment.stop_ns = stop_ms * kMs;
        analyzer.segment(segment);
    }

    ElementStats stats(std::uint32_t element) const {
        const LatencySnapshot all = analyzer.snapshot(0);
        const auto found =
            std::find_if(all.elements.begin(), all.elements.end(),
                         [element](const ElementStats& e) { return e.info.id == element; });
        return found == all.elements.end() ? ElementStats{} : *found;
    }
    std::vector<Residence> residences_in(std::uint32_t element) const {
        std::vector<Residence> found;
        std::copy_if(recorder.residences.begin(), recorder.residences.end(),
                     std::back_inserter(found),
                     [element](const Residence& r) { return r.element == element; });
        return found;
    }

    Recorder recorder;
    LatencyAnalyzer analyzer;

  private:
    static BufferSeen to_seen(const TestBuffer& buffer) {
        return {buffer.ids,        buffer.address,   buffer.pts_ns,       buffer.duration_ns,
                buffer.size_bytes, buffer.id_is_new, buffer.id_unattached};
    }

    std::uint64_t sequence_ = 0;
};

} // namespace tactus
