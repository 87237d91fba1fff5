// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/jitter_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tactus {

inline constexpr std::int64_t kMs = 1'000'000;

/// Drives a JitterBuffer with 20 ms packets of speech and keeps all that it says. Time is the
/// test's; run_to() lets the timers fire that are due on the way.
class JitterFixture : public ::testing::Test {
  protected:
    using Kind = JitterAction::Kind;

    struct Event {
        JitterAction action;
        std::int64_t at_ns = 0;
    };

    static constexpr std::uint16_t kFirst = 65530; ///< soon wraps
    static constexpr std::uint32_t kRate = 48000;
    static constexpr std::int64_t kSpacingNs = 20 * kMs;

    static JitterConfig fixed(std::int64_t latency_ms) {
        JitterConfig config;
        config.adaptive = false;
        config.latency_ns = latency_ms * kMs;
        return config;
    }

    void start(const JitterConfig& config) { buffer_.emplace(config); }

    /// Packet number `index` of the stream, `media_index` * 20 ms into it.
    static JitterPacket make(std::int64_t index, std::int64_t media_index) {
        JitterPacket packet;
        packet.handle = reinterpret_cast<void*>(index + 1);
        packet.seqnum = static_cast<std::uint16_t>(kFirst + index);
        packet.timestamp = static_cast<std::uint32_t>(0xfffffff0 + media_index * kRate / 50);
        packet.clock_rate = kRate;
        packet.ssrc = 7;
        packet.payload_type = 96;
        packet.bytes = 100;
        return packet;
    }
    static JitterPacket make(std::int64_t index) { return make(index, index); }

    JitterBuffer::InsertResult insert(JitterPacket packet) {
        packet.arrival_ns = now_ns_;
        const auto result = buffer_->insert(packet, now_ns_);
        work();
        return result;
    }
    JitterBuffer::InsertResult arrive(std::int64_t index, std::int64_t at_ns) {
        run_to(at_ns);
        return insert(make(index));
    }
    /// Packets [first, end), each at its own time plus `delay_ns`.
    void arrive_all(std::int64_t first, std::int64_t end, std::int64_t delay_ns = 0) {
        for (std::int64_t i = first; i < end; ++i)
            arrive(i, i * kSpacingNs + delay_ns);
    }

    void run_to(std::int64_t time_ns) {
        while (wake_ns_ <= time_ns) {
            now_ns_ = std::max(now_ns_, wake_ns_);
            work();
        }
        now_ns_ = std::max(now_ns_, time_ns);
    }

    void work() {
        for (int guard = 0;; ++guard) {
            ASSERT_LT(guard, 100'000) << "poll never comes to an end";
            const JitterAction action = buffer_->poll(now_ns_);
            if (action.kind == Kind::idle || action.kind == Kind::wait) {
                wake_ns_ = action.kind == Kind::wait ? action.until_ns : JitterBuffer::kNever;
                ASSERT_GT(wake_ns_, now_ns_) << "waits for what is past";
                break;
            }
            events_.push_back({action, now_ns_});
        }
        buffer_->take_dropped(dropped_);
    }

    std::vector<Event> of(Kind kind) const {
        std::vector<Event> found;
        std::copy_if(events_.begin(), events_.end(), std::back_inserter(found),
                     [kind](const Event& event) { return event.action.kind == kind; });
        return found;
    }
    /// Which packets came out, in that order.
    std::vector<std::int64_t> pushed() const {
        std::vector<std::int64_t> indices;
        for (const Event& event : of(Kind::push))
            indices.push_back(reinterpret_cast<std::intptr_t>(event.action.stored.packet.handle) -
                              1);
        return indices;
    }
    static std::vector<std::int64_t> range(std::int64_t first, std::int64_t end) {
        std::vector<std::int64_t> all;
        for (std::int64_t i = first; i < end; ++i)
            all.push_back(i);
        return all;
    }

    std::optional<JitterBuffer> buffer_;
    std::int64_t now_ns_ = 0;
    std::int64_t wake_ns_ = JitterBuffer::kNever;
    std::vector<Event> events_;
    std::vector<JitterBuffer::Dropped> dropped_;
};

} // namespace tactus
