// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "call.h"

#include "jitter_trace.h"
#include "voice-call/call.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace tactus::soak {

/// Sends each call its packets in real time, over a bad network of its own, again and again. What a
/// call asks for once more comes after a round trip, but for every tenth packet.
///
/// Threads: all from one; it has a thread of its own that calls Call::take.
class Network {
  public:
    struct Counts {
        std::uint64_t sent = 0;
        std::uint64_t lost = 0;
        std::uint64_t duplicated = 0;
        std::uint64_t asked = 0;   ///< requests for retransmission
        std::uint64_t resent = 0;  ///< and answers
        std::uint64_t arrived = 0; ///< duplicates and answers too
        std::uint64_t refused = 0; ///< arrived while the call was flushing
        std::uint64_t under_way = 0;
    };

    Network(const std::vector<std::unique_ptr<Call>>& calls, const voice_call::Voice& voice,
            std::uint64_t seed);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    void start();
    /// Sends nothing more, and waits for what is under way.
    void stop();
    Counts counts(std::size_t call) const;
    /// Of the network that its packets pass.
    const char* trace_name(std::size_t call) const { return lines_[call]->trace.name.c_str(); }

  private:
    struct Line {
        Call* call = nullptr;
        testing::JitterTrace trace;
        double cycle_ms = 0; ///< media time of the whole trace
        std::uint64_t index = 0;
        Counts counts;
    };
    struct Arrival {
        double at_ms = 0;
        std::size_t line = 0;
        std::uint64_t index = 0;
        bool resent = false;
        bool operator<(const Arrival& other) const { return at_ms > other.at_ms; }
    };

    static double media_ms(const Line& line, std::uint64_t index);
    static double send_ms(const Line& line, std::uint64_t index);
    void run();
    std::size_t next_line() const;
    void send(std::size_t number);
    void resend(std::size_t number, std::uint16_t seqnum);
    double now_ms() const;
    void deliver(const Arrival& arrival);

    const voice_call::Voice& voice_;
    std::vector<std::unique_ptr<Line>> lines_;
    std::chrono::steady_clock::time_point start_;
    mutable std::mutex mutex_; ///< guards the lines, arrivals_ and stopping_
    std::priority_queue<Arrival> arrivals_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace tactus::soak
