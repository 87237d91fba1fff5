// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The packet path of the jitter buffer, from the bytes of a packet to what comes out. The input is
// a program: two bytes of configuration, then records of kind (1 byte), passed time (2 bytes, in
// ms), length (1 byte) and so many bytes of a packet or a command.
#include "core/jitter/jitter_buffer.h"
#include "core/jitter/rtp_header.h"
#include "fuzz_support.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace tactus {

namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::size_t kMostPackets = 64;
// For one packet: what it releases, a loss between any two of those, requests, and messages.
constexpr int kMostActions = 2 * static_cast<int>(kMostPackets) + 2 * 256 + 16;

class Program {
  public:
    explicit Program(std::span<const std::uint8_t> bytes)
        : bytes_(bytes), config_(make_config(byte(), byte())), buffer_(config_) {}

    void run() {
        while (!bytes_.empty())
            step();
        buffer_.end_of_stream();
        work();
        buffer_.flush();
        collect();
        require(outstanding_ == 0, "each accepted handle comes back exactly once");
    }

  private:
    static JitterConfig make_config(std::uint8_t first, std::uint8_t second) {
        constexpr JitterMode kModes[] = {JitterMode::none, JitterMode::slave, JitterMode::buffer,
                                         JitterMode::synced};
        JitterConfig config;
        config.mode = kModes[first & 3];
        config.adaptive = (first & 4) != 0;
        config.adapt_by = (first & 8) != 0 ? AdaptBy::timestamps : AdaptBy::latency;
        config.video = (first & 16) != 0;
        config.drop_on_latency = (first & 32) != 0;
        config.rtx.enabled = (first & 64) != 0;
        config.rtx.max_bits_per_second = (first & 128) != 0 ? 10'000 : 0;
        config.latency_ns = (second & 63) * 20 * kMs;
        config.faststart_min_packets = second >> 6;
        config.max_packets = kMostPackets;
        config.max_bytes = 4096;
        return config;
    }

    std::uint8_t byte() { return take_byte(bytes_); }

    void step() {
        const std::uint8_t kind = byte();
        std::int64_t passed_ms = byte() << 8;
        passed_ms |= byte();
        const std::size_t announced = byte();
        const std::size_t length = std::min(announced, bytes_.size());
        const auto payload = bytes_.first(length);
        bytes_ = bytes_.subspan(length);
        now_ns_ += passed_ms * kMs;
        if (kind < 240)
            packet(kind, payload);
        else
            command(kind, payload.empty() ? 0 : payload[0]);
        work();
    }

    void packet(std::uint8_t kind, std::span<const std::uint8_t> bytes) {
        const RtpParseResult parsed = parse_rtp(bytes);
        if (!parsed.ok())
            return;
        const RtpHeader& header = parsed.header;
        require(header.header_bytes + header.payload_bytes + header.padding_bytes == bytes.size(),
                "the parts of a packet add up to it");
        JitterPacket packet;
        packet.handle = this;
        packet.arrival_ns = now_ns_ - (kind & 7) * kMs;
        packet.bytes = static_cast<std::uint32_t>(bytes.size());
        packet.timestamp = header.timestamp;
        packet.ssrc = header.ssrc;
        packet.seqnum = header.seqnum;
        packet.payload_type = header.payload_type;
        packet.marker = header.marker;
        packet.is_rtx = (kind & 8) != 0;
        packet.clock_rate = (kind & 16) != 0 ? 90'000 : (kind & 32) != 0 ? 1 : 48'000;
        if (buffer_.insert(packet, now_ns_).accepted)
            ++outstanding_;
    }

    void command(std::uint8_t kind, std::uint8_t value) {
        switch (kind & 7) {
        case 0:
            buffer_.flush();
            break;
        case 1:
            buffer_.set_active((value & 1) != 0, value * kMs);
            break;
        case 2:
            config_.latency_ns = value * 10 * kMs;
            config_.ts_offset_ns = (value - 128) * kMs;
            config_.max_ts_offset_adjustment_ns = (value & 3) * kMs;
            buffer_.configure(config_);
            break;
        case 3:
            buffer_.set_npt_stop(value * 100 * kMs);
            break;
        case 4:
            buffer_.expect_seqnum(static_cast<std::uint16_t>(value * 257));
            break;
        case 5:
            buffer_.pin_timeline(value * 1'000'000U, 48'000, now_ns_);
            break;
        case 6:
            buffer_.unpin_timeline();
            break;
        default:
            buffer_.end_of_stream();
            break;
        }
    }

    void work() {
        for (int actions = 0;; ++actions) {
            require(actions < kMostActions, "a packet makes a bounded number of actions");
            const JitterAction action = buffer_.poll(now_ns_);
            if (action.kind == JitterAction::Kind::wait)
                require(action.until_ns > now_ns_, "nobody waits for the past");
            if (action.kind == JitterAction::Kind::idle || action.kind == JitterAction::Kind::wait)
                break;
            if (action.kind == JitterAction::Kind::push)
                --outstanding_;
            if (action.kind == JitterAction::Kind::lost)
                require(action.count > 0 && action.duration_ns >= 0, "a loss is of something");
        }
        collect();
        const JitterStats stats = buffer_.stats();
        require(stats.held_packets <= kMostPackets, "memory is bounded");
        require(outstanding_ >= 0, "no handle comes back twice");
    }

    void collect() {
        dropped_.clear();
        buffer_.take_dropped(dropped_);
        outstanding_ -= static_cast<std::int64_t>(dropped_.size());
    }

    std::span<const std::uint8_t> bytes_;
    JitterConfig config_;
    JitterBuffer buffer_;
    std::vector<JitterBuffer::Dropped> dropped_;
    std::int64_t now_ns_ = 0;
    std::int64_t outstanding_ = 0;
};

} // namespace

} // namespace tactus

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    tactus::Program({data, size}).run();
    return 0;
}
