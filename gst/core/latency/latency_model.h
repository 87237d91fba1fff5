// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/alias_ring.h"
#include "core/latency/duration_histogram.h"
#include "core/latency/latency_events.h"
#include "core/latency/pad_book.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace tactus {

/// What the latency analyzer knows of each thing in a pipeline. Plain data of one thread; the
/// registry owns elements, pads and threads and keeps the pointers between them right.

struct PathState {
    std::uint32_t source_element = 0;
    std::uint64_t buffers = 0;
    std::uint64_t inferred = 0;
    DurationHistogram oldest;
    DurationHistogram newest;
};

struct EdgeState {
    std::uint32_t dst_element = 0;
    std::uint64_t buffers = 0;
    std::uint64_t bytes = 0;
};

struct PadState;

struct ElementState {
    /// What had come out of the element by some moment in the past.
    struct Checkpoint {
        std::uint64_t at_ns = 0;
        std::uint64_t newest_out_in_ns = 0; ///< when the newest buffer that came out went in
    };

    ElementInfo info;
    std::uint64_t buffers_in = 0;
    std::uint64_t buffers_out = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t dropped = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t inferred = 0;
    std::uint64_t reorder_depth_max = 0;
    bool queues = false;
    DurationHistogram residence;
    DurationHistogram self;
    DurationHistogram sync_wait;

    std::vector<PadState*> pads;      ///< those that exist
    std::vector<PadState*> sink_pads; ///< of these, those that were pushed to: each has a book
    std::vector<std::unique_ptr<PathState>> paths; ///< that end here
    std::vector<std::unique_ptr<EdgeState>> edges; ///< that begin here
    SinkSync sync;
    std::uint64_t src_bits = 0; ///< of all source pads that pushed
    bool ever_pushed = false;
    bool makes_time = false;                    ///< what it pushes has a segment in time
    unsigned passes = 0;                        ///< not 0: of late, ids came out by themselves
    std::int64_t last_out_end = kNoRunningTime; ///< of inferred output
    std::optional<Origins> last_origins;        ///< of inferred output
    std::uint64_t newest_out_in_ns = 0;
    std::array<Checkpoint, 5> checkpoints{};
    std::size_t newest_checkpoint = 0;

    std::uint64_t inside() const;
};

struct PadState {
    PadInfo info;
    ElementState* element = nullptr; ///< nullptr: unknown, or the pad is gone
    std::unique_ptr<PadBook> book;   ///< sink pads
    AliasRing aliases;
    SegmentSeen segment;
    bool has_segment = false;
    std::uint32_t last_dst = 0;
    std::uint64_t bit = 0; ///< in BookEntry::left_mask; 0: has not pushed
    bool eos = false;
    bool is_gone = false;
    EdgeState* edge = nullptr; ///< the last that a push went over
    RunningInterval place(const BufferSeen& buffer) const {
        return has_segment ? running_interval(segment, buffer.pts_ns, buffer.duration_ns)
                           : RunningInterval{};
    }
};

inline std::uint64_t ElementState::inside() const {
    std::uint64_t sum = 0;
    for (const PadState* pad : sink_pads)
        sum += pad->book->inside();
    return sum;
}

/// A push that has begun and not ended.
struct OpenPush {
    std::uint64_t began_ns = 0;
    std::uint64_t nested_ns = 0;
    std::uint64_t wait_ns = kNoTimeNs; ///< what a sink will wait for its clock
    std::uint32_t dst_element = 0;
    std::uint32_t serial = 0;
};

struct ThreadState {
    static constexpr std::size_t kDepthMax = 1024;

    ThreadInfo info;
    bool is_told = false;
    std::vector<OpenPush> open;

    /// Whether the push with this serial number, which `depth` others enclose, is still open.
    bool is_open(std::uint32_t serial, std::uint32_t depth) const {
        return depth < open.size() && open[depth].serial == serial;
    }
};

/// The counters of an element, its edges and paths, for those who read them.
void append_stats(LatencySnapshot& to, const ElementState& element);
/// All counters back to 0.
void reset_stats(ElementState& element);
/// Packs those of its histograms into which nothing fell since the last call.
void pack_idle(ElementState& element);

/// Who listens. Calls go out in the order in which observers were added.
struct ObserverList {
    std::vector<LatencyObserver*> all;

    template <typename Call>
    void tell(Call call) const {
        for (LatencyObserver* observer : all)
            call(*observer);
    }
};

} // namespace tactus
