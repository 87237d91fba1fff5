// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jitter_replay.h"

#include <algorithm>
#include <cmath>
#include <queue>

namespace tactus::testing {

namespace {

constexpr std::uint16_t kFirstSeqnum = 60000;
constexpr double kNsPerMs = 1e6;
constexpr double kToleranceMs = 1.0;

class Replay {
  public:
    Replay(const JitterTrace& trace, const JitterConfig& config, double reply_ms)
        : trace_(trace), buffer_(config), reply_ns_(std::llround(reply_ms * kNsPerMs)),
          latency_ns_(buffer_.latency_ns()) {}

    ReplayResult run();

  private:
    void schedule();
    void advance_to(std::int64_t time_ns);
    void insert(const TraceArrival& arrival);
    void work();
    void act(const JitterAction& action);
    void push(const StoredPacket& stored);
    std::int64_t send_ns(std::size_t index) const {
        return start_ns_ + std::llround(trace_.send_ms(trace_.packets[index]) * kNsPerMs);
    }

    const JitterTrace& trace_;
    JitterBuffer buffer_;
    std::int64_t reply_ns_;
    std::priority_queue<TraceArrival> arrivals_;
    std::int64_t start_ns_ = 0;
    double smallest_ms_ = 0;
    std::int64_t now_ns_ = 0;
    std::int64_t latency_ns_;
    std::int64_t wake_ns_ = JitterBuffer::kNever;
    std::size_t newest_ = 0;
    std::vector<JitterBuffer::Dropped> dropped_;
    ReplayResult result_;
};

void Replay::schedule() {
    smallest_ms_ = trace_.smallest_delay_ms();
    start_ns_ = -std::llround(smallest_ms_ * kNsPerMs);
    for (std::size_t i = 0; i < trace_.packets.size(); ++i) {
        const JitterTrace::Packet& packet = trace_.packets[i];
        if (!packet.delay_ms) {
            ++result_.sent_lost;
            continue;
        }
        arrivals_.push({send_ns(i) + std::llround(*packet.delay_ms * kNsPerMs), i, false});
        if (packet.duplicate_ms)
            arrivals_.push({send_ns(i) + std::llround(*packet.duplicate_ms * kNsPerMs), i, false});
    }
}

ReplayResult Replay::run() {
    schedule();
    while (!arrivals_.empty()) {
        // Requests on the way may put an answer before the packet that is next now.
        while (wake_ns_ <= arrivals_.top().time_ns)
            advance_to(wake_ns_);
        const TraceArrival arrival = arrivals_.top();
        arrivals_.pop();
        now_ns_ = std::max(now_ns_, arrival.time_ns);
        insert(arrival);
    }
    const std::int64_t end_ns = now_ns_ + 3'000'000'000;
    while (wake_ns_ <= end_ns)
        advance_to(wake_ns_);
    judge_playout(trace_, result_);
    result_.stats = buffer_.stats();
    return std::move(result_);
}

void Replay::advance_to(std::int64_t time_ns) {
    now_ns_ = std::max(now_ns_, time_ns);
    work();
}

void Replay::insert(const TraceArrival& arrival) {
    JitterPacket packet;
    const double ticks = trace_.packets[arrival.index].media_ms * trace_.clock_rate / 1000;
    // One minute before the timestamps wrap.
    packet.timestamp = static_cast<std::uint32_t>(std::llround(ticks)) - trace_.clock_rate * 60;
    packet.seqnum = static_cast<std::uint16_t>(kFirstSeqnum + arrival.index);
    packet.arrival_ns = now_ns_;
    packet.bytes = 172;
    packet.clock_rate = trace_.clock_rate;
    packet.is_rtx = arrival.is_rtx;
    packet.marker =
        trace_.video && arrival.index + 1 < trace_.packets.size() &&
        trace_.packets[arrival.index + 1].media_ms != trace_.packets[arrival.index].media_ms;
    // The handle says which packet it is; 0 would be no packet.
    packet.handle = reinterpret_cast<void*>(arrival.index + 1);
    if (!arrival.is_rtx)
        newest_ = std::max(newest_, arrival.index);
    buffer_.insert(packet, now_ns_);
    work();
}

void Replay::work() {
    std::int64_t told_ns = latency_ns_;
    for (;;) {
        const JitterAction action = buffer_.poll(now_ns_);
        if (action.kind == JitterAction::Kind::idle || action.kind == JitterAction::Kind::wait) {
            wake_ns_ =
                action.kind == JitterAction::Kind::wait ? action.until_ns : JitterBuffer::kNever;
            break;
        }
        if (action.kind == JitterAction::Kind::latency) {
            told_ns = action.latency_ns;
            ++result_.latency_changes;
        }
        act(action);
    }
    latency_ns_ = told_ns;
    dropped_.clear();
    buffer_.take_dropped(dropped_);
}

void Replay::act(const JitterAction& action) {
    switch (action.kind) {
    case JitterAction::Kind::push:
        push(action.stored);
        break;
    case JitterAction::Kind::lost:
        result_.lost_told += static_cast<std::uint64_t>(action.count);
        break;
    case JitterAction::Kind::gap:
        ++result_.gaps_told;
        break;
    case JitterAction::Kind::request: {
        ++result_.requests;
        const auto newest_seqnum = static_cast<std::uint16_t>(kFirstSeqnum + newest_);
        const auto ahead = static_cast<std::int16_t>(action.request.seqnum - newest_seqnum);
        const std::int64_t index = static_cast<std::int64_t>(newest_) + ahead;
        if (reply_ns_ > 0 && index >= 0)
            arrivals_.push({now_ns_ + reply_ns_, static_cast<std::size_t>(index), true});
        break;
    }
    default:
        break;
    }
}

void Replay::push(const StoredPacket& stored) {
    const std::size_t index = reinterpret_cast<std::uintptr_t>(stored.packet.handle) - 1;
    ReplayResult::Out out;
    out.index = index;
    out.release_ms = static_cast<double>(now_ns_) / kNsPerMs;
    out.playout_ms = static_cast<double>(stored.pts_ns + latency_ns_) / kNsPerMs;
    out.added_ms = out.playout_ms - static_cast<double>(send_ns(index)) / kNsPerMs - smallest_ms_;
    result_.out.push_back(out);
}

} // namespace

void judge_playout(const JitterTrace& trace, ReplayResult& result) {
    std::vector<bool> came_out(trace.packets.size(), false);
    double sum_ms = 0;
    double gaps_ms = 0;
    const ReplayResult::Out* before = nullptr;
    for (const ReplayResult::Out& out : result.out) {
        sum_ms += out.added_ms;
        came_out[out.index] = true;
        result.late += out.release_ms > out.playout_ms + kToleranceMs ? 1 : 0;
        if (before != nullptr) {
            result.out_of_order += out.index <= before->index ? 1 : 0;
            const double jump_ms = out.added_ms - before->added_ms;
            gaps_ms += jump_ms > kToleranceMs ? jump_ms : 0;
            result.largest_jump_ms = std::max(result.largest_jump_ms, std::abs(jump_ms));
        }
        before = &out;
    }
    std::uint64_t came = 0;
    for (std::size_t i = 0; i < trace.packets.size(); ++i) {
        const bool arrived = trace.packets[i].delay_ms.has_value();
        came += arrived ? 1 : 0;
        result.dropped += arrived && !came_out[i] ? 1 : 0;
        result.recovered += !arrived && came_out[i] ? 1 : 0;
    }
    result.added_mean_ms = sum_ms / static_cast<double>(result.out.size());
    result.late_percent =
        100.0 * static_cast<double>(result.dropped + result.late) / static_cast<double>(came);
    result.gap_percent = 100.0 * gaps_ms / trace.send_ms(trace.packets.back());
}

ReplayResult replay(const JitterTrace& trace, const JitterConfig& config, double reply_ms) {
    return Replay(trace, config, reply_ms).run();
}

JitterConfig judged_config(const JitterTrace& trace) {
    JitterConfig config;
    config.latency_ns = 1'000'000'000;
    config.video = trace.video;
    return config;
}

} // namespace tactus::testing
