// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_observer.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace tactus {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

struct SpanAttribute {
    std::string key;
    std::variant<std::string, std::int64_t, bool, double> value;
};

/// A span as OpenTelemetry has it. Times are nanoseconds since 1970.
struct OtlpSpan {
    struct Link {
        TraceId trace_id{};
        SpanId span_id{};
        bool sampled = false; ///< whether that trace is exported too
        std::string origin;   ///< "oldest" or "newest" content of the buffer
    };

    TraceId trace_id{};
    SpanId span_id{};
    SpanId parent_id{};
    bool has_parent = false;
    std::string name;
    std::uint64_t start_unix_ns = 0;
    std::uint64_t end_unix_ns = 0;
    std::vector<SpanAttribute> attributes;
    std::vector<Link> links;
    std::string error; ///< not empty: the span's status is an error, and this its text
};

/// Makes spans of every Nth buffer of each source. One trace is one identity: when a buffer with
/// it arrives at a sink, a root span from source to sink is made, and a child for each element (and
/// each piece of GPU work) on the way there. An identity that goes to several sinks, or arrives
/// again, gives several roots in its trace; an element before the fork is a child of the first.
/// An identity that is dropped gives a root whose status is an error. A buffer of several origins
/// has links to the roots of the other ones.
///
/// Trace ids (W3C Trace Context: 16 bytes, not all 0) are made of a seed, random for each process,
/// and the identity, by the finaliser of SplitMix64 (Steele, Lea, Flood, "Fast splittable
/// pseudorandom number generators", 2014); so are those of roots, that a link can name one before
/// it is there.
///
/// Threads: one thread calls everything. Memory: `max_traces` identities on their way, of at most
/// `max_children` each, and a name for each element that the analyzer knows.
class SpanBuilder : public LatencyObserver {
  public:
    struct Settings {
        std::uint32_t sample_every = 100; ///< at least 1
        std::array<std::uint64_t, 2> seed{};
        std::size_t max_traces = 1024;
        std::size_t max_children = 128;
    };
    /// Takes all spans of one arrival, the root first.
    using Sink = std::function<void(std::vector<OtlpSpan>)>;

    SpanBuilder(const Settings& settings, Sink sink);
    ~SpanBuilder() override;

    /// CLOCK_REALTIME minus CLOCK_MONOTONIC, for spans made from now on.
    void set_realtime_offset_ns(std::int64_t offset_ns);
    /// Identities that were forgotten before they arrived anywhere, to stay within `max_traces`.
    std::uint64_t unfinished() const;

    void element_added(const ElementInfo& info) override;
    void element_gone(std::uint32_t element) override;
    void push_began(const PushBegan& push) override;
    void left(const Residence& residence) override;
    void dropped(const Dropped& drop) override;
    void arrived(const Arrived& arrival) override;
    void gpu_worked(const GpuWork& work) override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace tactus
