// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/otlp_encoder.h"
#include "clockcalib/otlp_spans.h"
#include "clockcalib/retry_policy.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace tactus {

/// Sends spans of sampled buffers (see SpanBuilder) to an OpenTelemetry collector: OTLP over HTTP,
/// protobuf bodies, with libcurl, from a thread of its own.
///
/// What cannot be sent yet waits in a queue of `queue_spans`; more is dropped and counted. No
/// answer and 429, 502, 503, 504 are tried again with RetryPolicy's delays, for ever; with any
/// other status that batch is given up and counted. Trouble is told once, and again only after a
/// success.
///
/// Threads: the observer's functions and set_realtime_offset_ns() on the thread that feeds the
/// analyzer; they never wait for the network. `on_error` is called on the export thread and must
/// not call stop(). stop(), stats() and the destructor from any one thread that is not the export
/// thread. After fork() there is no export thread in the child: leave the exporter alone there.
///
/// Errors: create() returns null and an error text for a URL that is not http or https, sample 0,
/// and a build without libcurl.
class OtlpExporter : public LatencyObserver {
  public:
    struct Settings {
        std::string url; ///< "http://127.0.0.1:4318"; /v1/traces is appended where it is missing
        SpanBuilder::Settings spans;
        OtlpResource resource;
        std::int64_t realtime_offset_ns = 0; ///< CLOCK_REALTIME minus CLOCK_MONOTONIC
        std::size_t queue_spans = 4096;
        std::size_t batch_spans = 512;
        std::chrono::milliseconds batch_delay{1000}; ///< how long a span waits for company
        std::chrono::milliseconds request_timeout{10'000};
        RetryPolicy::Settings retry;
        std::function<void(const std::string&)> on_error;
    };
    /// All counts but the last are of spans.
    struct Stats {
        std::uint64_t sent = 0;
        std::uint64_t dropped = 0; ///< the queue was full
        std::uint64_t refused = 0; ///< by the collector
        std::uint64_t unsent = 0;  ///< still here when stop() ran out of time
        std::uint64_t tries = 0;   ///< requests
        std::string trouble;       ///< why the last request that failed did; empty: none did
    };

    static std::unique_ptr<OtlpExporter> create(Settings settings, std::string& error);

    virtual void set_realtime_offset_ns(std::int64_t offset_ns) = 0;
    virtual Stats stats() const = 0;
    /// Sends what is left, in one try and no longer than `timeout`; then the export thread is gone.
    /// The destructor does it with a second.
    virtual void stop(std::chrono::milliseconds timeout) = 0;
};

} // namespace tactus
