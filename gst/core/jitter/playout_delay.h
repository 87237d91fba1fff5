// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/delay_histogram.h"
#include "core/jitter/frame_delay_model.h"
#include "core/jitter/reorder_optimizer.h"

#include <cstdint>

namespace tactus {

/// How a delay that adapts reaches the pipeline.
enum class AdaptBy : std::uint8_t {
    latency,    ///< the reported latency follows; presentation times stay true
    timestamps, ///< presentation times are slewed; the reported latency stays at its minimum
};

struct PlayoutDelayConfig {
    AdaptBy adapt_by = AdaptBy::latency;
    double quantile = 0.97;
    std::int64_t min_ns = 0;
    std::int64_t max_ns = 200'000'000;
    bool frames = false; ///< video: packets with one timestamp belong together
};

/// Decides how long packets are held beyond their presentation time.
///
/// The delay of each packet relative to the smallest of the last 2 s; the largest of each 500 ms
/// goes into a histogram that forgets in about 50 s; the target is its quantile plus one bucket
/// (the delay manager of NetEq, event-driven and with 2 ms buckets). Overtaken packets are weighed
/// apart (ReorderOptimizer), frames by what their size does not explain (FrameDelayModel).
///
/// An underrun (a packet that comes after its time) raises the delay at once, so that the packet
/// and those behind it are in time again. Otherwise the delay moves towards its target by at most
/// 100 ms/s: in steps of at least kStepNs when it is reported as latency, since each one makes the
/// whole pipeline work, and smoothly when it is put into timestamps. A step up is a gap for
/// certain, an underrun only a likely one: the delay steps up only so that overtaken packets are
/// not lost. After an underrun it does not shrink for kHoldNs, and twice as long for each that
/// follows soon. At the start of a talk spurt it moves freely: nobody hears a silence grow. Silence
/// is no delay, and nothing is forgotten in it. Where spurts follow each other the quantile is a
/// little lower.
///
/// Threads: one. Times in ns. A packet costs constant time, but twice a second the histogram's.
class PlayoutDelay {
  public:
    static constexpr std::int64_t kStartNs = 80'000'000; ///< until something has been measured
    static constexpr std::int64_t kStepNs = 5'000'000;
    static constexpr std::int64_t kHoldNs = 500'000'000;
    static constexpr std::int64_t kLongestHoldNs = 8'000'000'000;
    static constexpr std::int64_t kResampleNs = 500'000'000;
    static constexpr std::int64_t kSlewPpm = 100'000;

    struct Sample {
        std::int64_t arrival_ns = 0;
        std::int64_t media_ns = 0;
        std::int64_t transit_ns = 0;   ///< arrival minus media time
        std::int64_t reference_ns = 0; ///< smallest transit
        std::int64_t offset_ns = 0;    ///< presentation time minus media time
        std::uint32_t bytes = 0;
        bool overtaken = false;
        bool spurt_start = false;
    };

    explicit PlayoutDelay(const PlayoutDelayConfig& config);

    /// Takes new limits; the delay obeys them at once.
    void configure(const PlayoutDelayConfig& config);

    /// Learns from a packet. Returns by how much it came after its time although the delay was
    /// raised as far as allowed; 0 or less if it can be played.
    std::int64_t observe(const Sample& sample);

    /// The next packet's time has nothing to do with those before it, as after a flush. What was
    /// learned stays.
    void break_here();

    /// Holds the delay up for a while although the jitter alone would not ask for it (for
    /// retransmissions to arrive); 0 for none.
    void set_floor(std::int64_t floor_ns) { floor_ns_ = floor_ns; }

    std::int64_t delay_ns() const { return delay_ns_; }
    std::int64_t target_ns() const { return target_ns_; }
    /// Delay relative to the fastest packet, at a quantile.
    std::int64_t relative_quantile_ns(double q) const { return histogram_.quantile_ns(q); }
    std::uint64_t underruns() const { return underruns_; }
    std::int64_t grown_ns() const { return grown_ns_; } ///< sum of all underruns
    const ReorderOptimizer& reorder() const { return reorder_; }

  private:
    void hold_after_underrun(std::int64_t arrival_ns);
    void learn(const Sample& sample, std::int64_t relative_ns);
    void resample(std::int64_t arrival_ns);
    double quantile(std::int64_t arrival_ns) const;
    std::int64_t clamp(std::int64_t delay_ns) const;
    void approach(const Sample& sample, std::int64_t wanted_ns);
    void step(const Sample& sample, std::int64_t difference_ns);
    void slew(std::int64_t passed_ns, std::int64_t difference_ns, std::int64_t offset_moved_ns);
    void set_delay(std::int64_t arrival_ns, std::int64_t delay_ns);

    PlayoutDelayConfig config_;
    DelayHistogram histogram_{0.99};
    ReorderOptimizer reorder_;
    FrameDelayModel frames_;
    std::int64_t floor_ns_ = 0;
    std::int64_t target_ns_ = kStartNs;
    std::int64_t delay_ns_ = 0;
    std::int64_t largest_ns_ = 0; ///< since the last resampling
    std::int64_t resampled_at_ns_ = 0;
    std::int64_t changed_at_ns_ = 0;
    std::int64_t held_until_ns_ = 0; ///< not to shrink before
    std::int64_t hold_ns_ = kHoldNs;
    std::int64_t underrun_at_ns_ = 0;
    std::int64_t talks_until_ns_ = INT64_MIN; ///< when the last spurt's silence is forgotten
    std::int64_t last_arrival_ns_ = 0;
    std::int64_t last_offset_ns_ = 0;
    std::int64_t grown_ns_ = 0;
    std::uint64_t underruns_ = 0;
    bool started_ = false;
    bool measured_ = false;
};

} // namespace tactus
