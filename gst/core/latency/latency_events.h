// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tactus {

/// What the latency analyzer is told, in the order in which it is told. Times are CLOCK_MONOTONIC
/// in nanoseconds. Ids of pads, elements, pipelines and threads are small numbers from 1, never
/// used again; 0 means unknown.

constexpr std::uint64_t kNoTimeNs = UINT64_MAX;

struct ElementInfo {
    std::uint32_t id = 0;
    std::uint32_t pipeline = 0; ///< id of the top-level bin
    std::string name;           ///< "queue0"
    std::string path;           ///< "pipeline0/bin1/queue0"
    std::string factory;        ///< "queue"; empty if it has none
    bool is_source = false;     ///< GST_ELEMENT_FLAG_SOURCE
    bool is_sink = false;       ///< GST_ELEMENT_FLAG_SINK
};

struct PadInfo {
    std::uint32_t id = 0;
    std::uint32_t element = 0;
    std::string name; ///< "src_0"
    /// Raw video: of the pictures in the time of one, an element that joins streams shows the
    /// newest.
    bool is_pictures = false;
};

struct ThreadInfo {
    std::uint32_t id = 0;
    std::int32_t tid = 0; ///< the kernel's id
    std::string name;
};

/// The identity of a buffer: given by the first pad that pushed it.
///
/// `id` is unique in the process: the pad that gave it in the upper 24 bits, a number that rises by
/// one with each buffer in the lower 40. `t0_ns` is when it was given.
struct IdStamp {
    std::uint64_t id = 0;
    std::uint64_t t0_ns = 0;

    static constexpr unsigned kSequenceBits = 40;
    constexpr std::uint32_t pad() const { return static_cast<std::uint32_t>(id >> kSequenceBits); }
    constexpr std::uint64_t sequence() const {
        return id & ((std::uint64_t{1} << kSequenceBits) - 1);
    }
};

/// One buffer at the moment before it is pushed (or, in pull mode, handed over).
struct BufferSeen {
    std::span<const IdStamp> ids;     ///< those the buffer carries; at least one
    std::uint64_t address = 0;        ///< of the buffer; used again once it is freed
    std::uint64_t pts_ns = kNoTimeNs; ///< PTS, or DTS where there is no PTS
    std::uint64_t duration_ns = kNoTimeNs;
    std::uint64_t size_bytes = 0;
    bool id_is_new = false;     ///< the buffer carried no id before this pad: ids[0] was just given
    bool id_unattached = false; ///< it could not be written to, so the id is not on the buffer
};

struct PushBegin {
    std::uint64_t at_ns = 0;
    std::uint32_t thread = 0;
    std::uint32_t src_pad = 0;
    std::uint32_t dst_pad = 0;           ///< 0: not linked
    std::span<const BufferSeen> buffers; ///< one, or all of a buffer list
    bool has_end = true;    ///< false from pad probes, which do not see the end of a push
    bool is_pulled = false; ///< the sink pad asked for it: a piece of a file as it needed one
};

struct PushEnd {
    std::uint64_t at_ns = 0;
    std::uint32_t thread = 0;
    std::int32_t flow = 0; ///< a GstFlowReturn
};

/// A time segment that is valid for what `src_pad` pushes from now on.
struct SegmentSeen {
    std::uint32_t src_pad = 0;
    double rate = 1.0;
    std::uint64_t start_ns = 0;
    std::uint64_t stop_ns = kNoTimeNs;
    std::uint64_t base_ns = 0;
    std::uint64_t offset_ns = 0;
    bool in_time = true; ///< false: bytes or another format, so there is no running time
};

/// How a sink waits for its clock; what it is told here serves to tell waiting from latency.
struct SinkSync {
    std::uint32_t element = 0;
    bool sync = false;
    std::uint64_t base_time_ns = kNoTimeNs; ///< in CLOCK_MONOTONIC; kNoTimeNs: not playing
    std::uint64_t latency_ns = 0;           ///< of the pipeline, as configured on the sink
    std::int64_t ts_offset_ns = 0;
};

/// GPU work that an element has published on a buffer.
struct GpuWork {
    std::uint64_t at_ns = 0; ///< when the buffer with it was pushed
    std::uint32_t src_pad = 0;
    std::uint64_t buffer_id = 0;
    std::string_view device;
    std::string_view queue;
    std::string_view label;
    std::string_view method; ///< how ticks became nanoseconds
    std::uint64_t begin_ticks = 0;
    std::uint64_t end_ticks = 0;
    std::uint64_t begin_ns = 0; ///< CLOCK_MONOTONIC
    std::uint64_t end_ns = 0;
    std::uint64_t bound_ns = 0; ///< the truth is within ± this
    double skew_ppm = 0;
};

} // namespace tactus
