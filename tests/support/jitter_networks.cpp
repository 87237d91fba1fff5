// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jitter_networks.h"

#include <algorithm>
#include <cmath>

namespace tactus::testing {

namespace {

constexpr double kPacketMs = 20;
constexpr double kFiveMinutesMs = 300'000;

/// SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014).
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}

    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
    double between(double low, double high) { return low + (high - low) * uniform(); }
    double exponential(double mean) { return -mean * std::log1p(-uniform()); }
    bool chance(double p) { return uniform() < p; }
    /// Nearly normal: the sum of twelve.
    double normal(double deviation) {
        double sum = -6;
        for (int i = 0; i < 12; ++i)
            sum += uniform();
        return sum * deviation;
    }

  private:
    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    std::uint64_t state_;
};

using Packet = JitterTrace::Packet;

std::vector<Packet> steady_speech(double length_ms) {
    std::vector<Packet> packets;
    for (double at_ms = 0; at_ms < length_ms; at_ms += kPacketMs)
        packets.push_back({at_ms, std::nullopt, std::nullopt});
    return packets;
}

std::vector<Packet> speech_with_silence(Dice& dice) {
    std::vector<Packet> packets;
    double at_ms = 0;
    while (at_ms < kFiveMinutesMs) {
        const double end_ms = at_ms + std::max(160.0, dice.exponential(1000));
        for (; at_ms < end_ms; at_ms += kPacketMs)
            packets.push_back({at_ms, std::nullopt, std::nullopt});
        at_ms += kPacketMs * std::round(std::max(200.0, dice.exponential(1350)) / kPacketMs);
    }
    return packets;
}

/// A link on which nothing overtakes: no packet comes before the one sent before it.
void keep_order(std::vector<Packet>& packets, std::size_t first = 0) {
    double last_ms = -1;
    for (std::size_t i = first; i < packets.size(); ++i) {
        if (!packets[i].delay_ms)
            continue;
        last_ms = std::max(packets[i].media_ms + *packets[i].delay_ms, last_ms + 0.05);
        packets[i].delay_ms = last_ms - packets[i].media_ms;
    }
}

void run_wired(std::vector<Packet>& packets, Dice& dice) {
    for (Packet& packet : packets) {
        if (!dice.chance(0.0005))
            packet.delay_ms = 30 + dice.exponential(0.8);
    }
    keep_order(packets);
}

void run_wifi(std::vector<Packet>& packets, Dice& dice) {
    bool bad = false;
    double last_ms = -kPacketMs;
    for (Packet& packet : packets) {
        for (; last_ms < packet.media_ms; last_ms += kPacketMs)
            bad = bad ? !dice.chance(0.1) : dice.chance(0.012);
        if (dice.chance(bad ? 0.06 : 0.001))
            continue;
        packet.delay_ms = 25 + dice.exponential(bad ? 14 : 2);
        if (bad && dice.chance(0.12))
            *packet.delay_ms += dice.between(15, 70);
    }
    keep_order(packets);
    for (Packet& packet : packets) {
        if (!packet.delay_ms)
            continue;
        if (dice.chance(0.004))
            *packet.delay_ms += dice.between(20, 60);
        if (dice.chance(0.003))
            packet.duplicate_ms = *packet.delay_ms + dice.between(0.1, 8);
    }
}

void run_handover(std::vector<Packet>& packets, Dice& dice) {
    double stall_ms = 12'000 + dice.exponential(9000);
    double until_ms = -1;
    int to_drop = 0;
    for (Packet& packet : packets) {
        if (packet.media_ms >= stall_ms) {
            until_ms = stall_ms + dice.between(90, 340) + 45;
            to_drop = std::max(static_cast<int>(dice.between(-1, 4)), 0);
            stall_ms = packet.media_ms + 12'000 + dice.exponential(9000);
        }
        double delay_ms = 45 + std::max(0.0, std::floor(dice.between(-4, 4)));
        delay_ms += dice.chance(0.09) ? 8 : 0;
        bool lost = dice.chance(0.0008);
        if (packet.media_ms + delay_ms < until_ms) {
            delay_ms = until_ms - packet.media_ms + dice.between(0, 2);
            lost = lost || to_drop-- > 0;
        }
        if (!lost)
            packet.delay_ms = delay_ms;
    }
    keep_order(packets);
}

void run_bufferbloat(std::vector<Packet>& packets, Dice& dice) {
    constexpr double kFullMs = 280;
    constexpr double kLoads[] = {0.6, 0.7, 0.8, 0.9, 1.02, 1.04, 1.08};
    double queue_ms = 0;
    double load = 0.7;
    double next_ms = 0;
    for (Packet& packet : packets) {
        if (packet.media_ms >= next_ms) {
            load = kLoads[static_cast<std::size_t>(dice.uniform() * std::size(kLoads))];
            next_ms = packet.media_ms + dice.between(2500, 7000);
        }
        const double drift = kPacketMs * (load - 1);
        queue_ms = std::max(0.0, queue_ms + drift * (load < 1 ? 1.35 : 1) + dice.normal(1.6));
        const bool full = queue_ms > kFullMs;
        if (full)
            queue_ms = kFullMs - dice.between(0, 6);
        if (!dice.chance(full ? 0.12 : 0.0006))
            packet.delay_ms = 35 + queue_ms + dice.exponential(1.5);
    }
    keep_order(packets);
}

void run_route_change(std::vector<Packet>& packets, Dice& dice) {
    for (Packet& packet : packets) {
        const bool detour = packet.media_ms >= 100'000 && packet.media_ms < 200'000;
        if (!dice.chance(0.001))
            packet.delay_ms = (detour ? 120 : 40) + dice.exponential(4);
    }
    const std::vector<Packet> all = packets;
    packets.resize(packets.size() * 2 / 3);
    keep_order(packets);
    const std::size_t back = packets.size();
    packets.insert(packets.end(), all.begin() + static_cast<std::ptrdiff_t>(back), all.end());
    // The shorter path overtakes the longer one.
    keep_order(packets, back);
}

void run_multipath(std::vector<Packet>& packets, Dice& dice) {
    for (Packet& packet : packets) {
        double delay_ms = 40 + dice.exponential(3);
        if (dice.chance(0.05))
            delay_ms += dice.between(20, 80);
        if (!dice.chance(0.005))
            packet.delay_ms = delay_ms;
        if (dice.chance(0.01))
            packet.duplicate_ms = delay_ms + dice.between(0, 100);
    }
}

void run_skewed(std::vector<Packet>& packets, Dice& dice) {
    for (Packet& packet : packets) {
        if (dice.chance(0.001))
            continue;
        packet.delay_ms = 30 + dice.exponential(3);
        if (dice.chance(0.004))
            *packet.delay_ms += dice.between(10, 30);
    }
    keep_order(packets);
}

std::vector<Packet> run_video(Dice& dice) {
    std::vector<Packet> packets;
    double link_ms = 0;
    for (int frame = 0; frame < 120 * 30; ++frame) {
        const double at_ms = frame * 1000 / 30.0;
        const double usual = frame % 150 == 0 ? 34 : 7;
        const int count = std::max(1, static_cast<int>(usual + dice.normal(2)));
        const double packet_ms = static_cast<int>(at_ms / 4000) % 3 == 2 ? 2.2 : 0.9;
        for (int i = 0; i < count; ++i) {
            link_ms = std::max(link_ms, at_ms) + packet_ms * dice.between(0.7, 1.3);
            Packet packet{at_ms, std::nullopt, std::nullopt};
            if (!dice.chance(0.004))
                packet.delay_ms = link_ms - at_ms + 28 + dice.exponential(1.2);
            packets.push_back(packet);
        }
    }
    keep_order(packets);
    return packets;
}

} // namespace

const char* name_of(Network network) {
    constexpr const char* kNames[] = {"wired",        "wifi",        "handover",  "bufferbloat",
                                      "route_change", "talk_spurts", "multipath", "video",
                                      "fast_sender",  "slow_sender"};
    return kNames[static_cast<std::size_t>(network)];
}

JitterTrace make_network_trace(Network network, std::uint64_t seed) {
    Dice dice(seed);
    JitterTrace trace;
    trace.name = name_of(network);
    const bool skewed = network == Network::fast_sender || network == Network::slow_sender;
    if (network == Network::talk_spurts)
        trace.packets = speech_with_silence(dice);
    else if (network != Network::video)
        trace.packets = steady_speech(skewed ? 6 * kFiveMinutesMs : kFiveMinutesMs);
    switch (network) {
    case Network::wired:
        run_wired(trace.packets, dice);
        break;
    case Network::wifi:
    case Network::talk_spurts:
        run_wifi(trace.packets, dice);
        break;
    case Network::handover:
        run_handover(trace.packets, dice);
        break;
    case Network::bufferbloat:
        run_bufferbloat(trace.packets, dice);
        break;
    case Network::route_change:
        run_route_change(trace.packets, dice);
        break;
    case Network::multipath:
        run_multipath(trace.packets, dice);
        break;
    case Network::video:
        trace.video = true;
        trace.clock_rate = 90000;
        trace.packets = run_video(dice);
        break;
    case Network::fast_sender:
    case Network::slow_sender:
        trace.skew_ppm = network == Network::fast_sender ? 200 : -200;
        run_skewed(trace.packets, dice);
        break;
    }
    return trace;
}

} // namespace tactus::testing
