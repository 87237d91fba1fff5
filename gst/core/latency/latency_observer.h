// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_events.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tactus {

/// Where the content of a buffer came from: the oldest and the newest identity in it, both of real
/// sources. Equal for a buffer of one origin.
struct Origins {
    IdStamp oldest;
    IdStamp newest;
    bool inferred = false; ///< found by running time, not read from the buffer

    /// What came out of one pad of a source.
    struct Span {
        IdStamp oldest;
        IdStamp newest;
    };
    static constexpr std::size_t kSpansMax = 4;
    /// Where several pads' content was put together: each with its own span, up to four. None
    /// where all is from one pad.
    std::array<Span, kSpansMax> spans{};
    std::uint8_t span_count = 0;
};

/// Adds what `from` names to `into`.
void merge(Origins& into, const Origins& from);

struct PushBegan {
    std::uint64_t at_ns = 0;
    std::uint32_t thread = 0;
    std::uint32_t src_element = 0;
    std::uint32_t dst_element = 0;
    std::uint64_t buffer_id = 0; ///< identity carried by the (first) buffer; a flow's number
    Origins origins;
    std::uint64_t pts_ns = kNoTimeNs;
    std::uint64_t size_bytes = 0; ///< of all buffers of a list
    std::uint32_t buffers = 1;
    bool has_end = true;
    bool is_first = false; ///< the identity begins here
    bool is_last = false;  ///< pushed into a sink
};

struct PushEnded {
    std::uint64_t at_ns = 0;
    std::uint64_t began_ns = 0;
    std::uint64_t self_ns = 0; ///< without the pushes nested in it
    std::uint32_t thread = 0;
    std::uint32_t dst_element = 0;
    std::int32_t flow = 0;
};

/// A buffer that went into an element came out.
struct Residence {
    std::uint32_t element = 0;
    std::uint64_t buffer_id = 0;
    Origins origins;
    std::uint64_t in_ns = 0;
    std::uint64_t out_ns = 0;
    std::uint32_t in_thread = 0;
    std::uint32_t out_thread = 0;
    bool queued = false; ///< it left outside of the push that brought it, so it waited
};

struct Dropped {
    std::uint32_t element = 0;
    std::uint64_t buffer_id = 0;
    std::uint64_t in_ns = 0;
    std::uint64_t noticed_ns = 0;
};

struct Arrived {
    std::uint32_t sink_element = 0;
    std::uint32_t source_element = 0; ///< of origins.oldest
    std::uint64_t at_ns = 0;
    std::uint64_t buffer_id = 0;
    Origins origins;
    std::uint64_t sync_wait_ns = 0; ///< what the sink will wait for its clock; not latency
};

enum class IncidentKind : std::uint8_t { stall, clock_jump, records_lost };

struct Incident {
    IncidentKind kind = IncidentKind::stall;
    std::uint64_t at_ns = 0;
    std::int64_t amount = 0;  ///< ns of the stall or jump (signed); number of records
    std::string_view subject; ///< "other", "fifo" for stalls; "realtime", … for jumps
};

/// A number that is drawn over time.
struct CounterSample {
    std::uint64_t at_ns = 0;
    std::string_view name; ///< "clock realtime offset"
    std::string_view unit; ///< "ns", "ppm", "buffers"
    double value = 0;
};

/// Receives what the analyzer found out, on the thread that feeds the analyzer. Views and
/// references are valid during the call only. Times within one thread never go back; across threads
/// they may, by little.
class LatencyObserver {
  public:
    virtual ~LatencyObserver() = default;
    virtual void element_added(const ElementInfo&) {}
    /// The analyzer has forgotten it. What was of it may still be named once or twice.
    virtual void element_gone(std::uint32_t /*element*/) {}
    virtual void thread_added(const ThreadInfo&) {}
    virtual void push_began(const PushBegan&) {}
    virtual void push_ended(const PushEnded&) {}
    virtual void left(const Residence&) {}
    virtual void dropped(const Dropped&) {}
    virtual void arrived(const Arrived&) {}
    virtual void gpu_worked(const GpuWork&) {}
    virtual void incident(const Incident&) {}
    virtual void sampled(const CounterSample&) {}
};

} // namespace tactus
