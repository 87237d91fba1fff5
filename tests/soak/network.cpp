// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "network.h"

#include "jitter_networks.h"

#include <gst/rtp/rtp.h>

#include <array>
#include <chrono>
#include <cmath>

namespace tactus::soak {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::array kNetworks = {
    testing::Network::wifi,        testing::Network::handover,    testing::Network::bufferbloat,
    testing::Network::multipath,   testing::Network::talk_spurts, testing::Network::route_change,
    testing::Network::fast_sender, testing::Network::slow_sender,
};
constexpr double kPacketMs = 20;
constexpr double kRoundTripMs = 60;
constexpr unsigned kAnswersLost = 10; ///< each one of so many
/// A sender keeps what it may be asked for no longer than that.
constexpr std::uint64_t kPacketsKept = 500;

} // namespace

Network::Network(const std::vector<std::unique_ptr<Call>>& calls, const voice_call::Voice& voice,
                 std::uint64_t seed)
    : voice_(voice) {
    for (const auto& call : calls) {
        auto line = std::make_unique<Line>();
        line->call = call.get();
        line->trace = testing::make_network_trace(kNetworks[lines_.size() % kNetworks.size()],
                                                  seed + lines_.size());
        line->cycle_ms = line->trace.packets.back().media_ms + kPacketMs;
        lines_.push_back(std::move(line));
        if (call->asks_again())
            call->on_asked([this, number = lines_.size() - 1](std::uint16_t seqnum) {
                resend(number, seqnum);
            });
    }
}

Network::~Network() {
    for (const auto& line : lines_)
        line->call->on_asked({});
    stop();
}

Network::Counts Network::counts(std::size_t call) const {
    const std::lock_guard lock(mutex_);
    Counts counts = lines_[call]->counts;
    counts.under_way =
        counts.sent - counts.lost + counts.duplicated + counts.resent - counts.arrived;
    return counts;
}

double Network::media_ms(const Line& line, std::uint64_t index) {
    const std::size_t size = line.trace.packets.size();
    return static_cast<double>(index / size) * line.cycle_ms +
           line.trace.packets[index % size].media_ms;
}

double Network::send_ms(const Line& line, std::uint64_t index) {
    return media_ms(line, index) / (1 + line.trace.skew_ppm * 1e-6);
}

void Network::start() {
    start_ = Clock::now();
    thread_ = std::thread([this] { run(); });
}

void Network::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable())
        thread_.join();
}

std::size_t Network::next_line() const {
    std::size_t first = 0;
    for (std::size_t i = 1; i < lines_.size(); ++i) {
        if (send_ms(*lines_[i], lines_[i]->index) < send_ms(*lines_[first], lines_[first]->index))
            first = i;
    }
    return first;
}

double Network::now_ms() const {
    return std::chrono::duration<double, std::milli>(Clock::now() - start_).count();
}

void Network::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_ || !arrivals_.empty()) {
        const std::size_t sender = next_line();
        const double sent_ms =
            stopping_ ? HUGE_VAL : send_ms(*lines_[sender], lines_[sender]->index);
        const double arrives_ms = arrivals_.empty() ? HUGE_VAL : arrivals_.top().at_ms;
        const double next_ms = std::min(sent_ms, arrives_ms);
        const auto next = start_ + std::chrono::duration_cast<Clock::duration>(
                                       std::chrono::duration<double, std::milli>(next_ms));
        if (Clock::now() < next) {
            changed_.wait_until(lock, next);
            continue;
        }
        if (sent_ms <= arrives_ms) {
            send(sender);
            continue;
        }
        const Arrival arrival = arrivals_.top();
        arrivals_.pop();
        lock.unlock();
        deliver(arrival);
        lock.lock();
    }
}

// Under mutex_.
void Network::send(std::size_t number) {
    Line& line = *lines_[number];
    const std::uint64_t index = line.index++;
    const auto& packet = line.trace.packets[index % line.trace.packets.size()];
    const double at_ms = send_ms(line, index);
    ++line.counts.sent;
    line.counts.lost += packet.delay_ms ? 0 : 1;
    line.counts.duplicated += packet.delay_ms && packet.duplicate_ms ? 1 : 0;
    for (const auto& delay_ms : {packet.delay_ms, packet.duplicate_ms}) {
        if (packet.delay_ms && delay_ms)
            arrivals_.push({at_ms + *delay_ms, number, index});
    }
}

void Network::resend(std::size_t number, std::uint16_t seqnum) {
    const std::lock_guard lock(mutex_);
    Line& line = *lines_[number];
    ++line.counts.asked;
    const auto back =
        static_cast<std::uint16_t>(voice_call::Voice::seqnum(line.index - 1) - seqnum);
    if (stopping_ || back >= std::min(line.index, kPacketsKept) ||
        line.counts.asked % kAnswersLost == 0)
        return;
    ++line.counts.resent;
    arrivals_.push({now_ms() + kRoundTripMs, number, line.index - 1 - back, true});
    changed_.notify_all();
}

void Network::deliver(const Arrival& arrival) {
    Line& line = *lines_[arrival.line];
    const auto ticks = std::llround(media_ms(line, arrival.index) * line.trace.clock_rate / 1000);
    GstBuffer* packet =
        voice_.packet(arrival.index, static_cast<std::uint32_t>(ticks), arrival.index == 0);
    GST_BUFFER_PTS(packet) = GST_CLOCK_TIME_NONE; // that of the recording; it arrives now
    GST_BUFFER_DTS(packet) = GST_CLOCK_TIME_NONE;
    if (arrival.resent)
        GST_BUFFER_FLAG_SET(packet, GST_RTP_BUFFER_FLAG_RETRANSMISSION);
    const bool taken = line.call->take(packet);
    const std::lock_guard lock(mutex_);
    ++line.counts.arrived;
    line.counts.refused += taken ? 0 : 1;
}

} // namespace tactus::soak
