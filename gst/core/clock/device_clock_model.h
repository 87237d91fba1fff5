// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/clock_sample.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tactus {

/// How an estimate came about.
enum class ClockMethod : std::uint8_t {
    nominal,    ///< too few samples to tell the skew: the nominal tick period
    regression, ///< offset and skew from the samples
    held_slope  ///< after a jump or a pause: offset from the newest samples, skew from before
};

/// What became of a sample.
enum class SampleVerdict : std::uint8_t {
    accepted, ///< in use
    gated,    ///< its deviation is too large to be of use beside the others
    held,     ///< far off the line; the next samples tell whether the clock jumped
    jumped,   ///< with the two before it, it shows that the clock jumped
    rejected  ///< makes no sense: not after the one before, or no finite deviation >= 0
};

struct ClockEstimate {
    /// CLOCK_MONOTONIC minus device time (ticks as read, times the nominal period), at the newest
    /// sample in use.
    std::int64_t offset_ns = 0;
    double skew_ppm = 0;      ///< how much faster the device counts than its nominal period says
    double bound_ns = 0;      ///< of a time mapped from ticks of now
    std::uint64_t age_ns = 0; ///< of the newest sample in use
    ClockMethod method = ClockMethod::nominal;
};

struct MappedTime {
    std::uint64_t cpu_ns = 0; ///< CLOCK_MONOTONIC
    double bound_ns = 0;      ///< the truth is within ± this
};

struct ClockModelCounters {
    std::uint64_t samples = 0;  ///< all that were given
    std::uint64_t gated = 0;    ///< of samples
    std::uint64_t outliers = 0; ///< of samples: held and then found to be no jump
    std::uint64_t rejected = 0; ///< of samples
    std::uint64_t jumps = 0;
};

/// Puts the ticks of a device's counter on the time line of CLOCK_MONOTONIC, and says how wrong
/// that may be. Made for samples at 10 Hz; other rates work, the window then covers another time.
///
/// A line is fitted to the newest 32 samples by least squares, weighted by 1/deviation² and
/// exp(-age / 2 s); samples with more than 8 times the smallest deviation are left out. Three
/// samples in a row that are off by more than 3 deviations + 2 µs to one side are a jump: the
/// offset is then fitted to the samples since the jump, the slope to all. The bound holds for
/// sources whose error is always on one side, and adapts to those that claim too small a deviation.
/// docs/design/clocks.md has the reasons and the figures.
///
/// Threads: one at a time; the owner locks. Allocates in `create` only. Sources: least squares and
/// its error propagation are in any textbook; the clock filter of RFC 5905 (section 10) for the
/// idea that a delay bounds an error and that averaging does not remove a bias;
/// VK_KHR_calibrated_timestamps for the samples.
class DeviceClockModel {
  public:
    struct Settings {
        double tick_period_ns = 1.0; ///< nominal; finite and > 0
        unsigned valid_bits = 64;    ///< 1 to 64: ticks wrap at 2^valid_bits
    };

    /// Nothing if a setting is out of range.
    static std::optional<DeviceClockModel> create(const Settings& settings);

    SampleVerdict add(const ClockSample& sample);

    /// Nothing before the first sample.
    std::optional<ClockEstimate> estimate(std::uint64_t now_ns) const;

    /// The time of `ticks`, taken as the occurrence that is nearest to `near_ns` (when they were
    /// read, say): ticks that wrap repeat. Nothing before the first sample.
    std::optional<MappedTime> map(std::uint64_t ticks, std::uint64_t near_ns) const;

    /// A deviation with which further tries are not worth it; for take_best_sample.
    double good_enough_ns() const;

    const ClockModelCounters& counters() const { return counters_; }

    static constexpr std::size_t kWindow = 32;
    static constexpr double kGate = 8.0;
    static constexpr double kAgeWeightNs = 2e9;

  private:
    struct Entry {
        ClockSample sample;
        double deviation_ns = 0; ///< with what the coarseness of the ticks adds
        double off_by_ns = 0;    ///< distance from the line as it was before
        double surprise = 0;     ///< the same beyond what the line allows for, in deviations
        std::uint32_t epoch = 0; ///< number of jumps before it
        // Scratch of the fit.
        double x_ns = 0;   ///< nominal time since the newest sample of its epoch
        double y_ns = 0;   ///< CPU time since then, less x
        double weight = 0; ///< 0: gated
    };

    /// cpu = reference.cpu + x + y_mean + slope (x - x_mean), x in nominal ns since the reference.
    struct Line {
        ClockSample reference;
        double x_mean_ns = 0;
        double y_mean_ns = 0;
        double slope = 0;
        double oldest_x_ns = 0;
        // The variance at distance u from x_mean is mean + 2 u covariance + u² slope.
        double mean_variance = 0;
        double covariance = 0;
        double slope_variance = 0;
        double bias_ns = 0;       ///< what averaging does not remove
        std::size_t in_epoch = 0; ///< samples behind the offset
    };

    /// Sums over samples in use, for one epoch.
    struct Sums {
        double weight = 0;
        double x_mean_ns = 0;
        double y_mean_ns = 0;
        std::size_t count = 0;
    };

    explicit DeviceClockModel(const Settings& settings);

    std::int64_t ticks_between(std::uint64_t from, std::uint64_t to, double about_ns) const;
    double nominal_ns(const ClockSample& from, std::uint64_t ticks, std::uint64_t near_ns) const;
    double line_at(double x_ns) const;
    double sigma_ns(double x_ns) const;
    double bound_ns(double x_ns) const;
    double deviation_of(const ClockSample& sample) const;
    double mistrust() const;
    bool makes_sense(const ClockSample& sample) const;
    bool out_of_gate(double deviation_ns) const;
    Entry compare(const ClockSample& sample) const;
    bool is_off(const Entry& entry) const;
    SampleVerdict hold(const Entry& entry);
    void jump();
    void release_held();
    void start_again(const ClockSample& sample);
    void keep(const Entry& entry);
    void weigh();
    Sums sums_of(std::uint32_t epoch) const;
    void fit();
    void fit_variances(const Sums& newest, double sxx, double noise);
    double residual_noise() const;

    Settings settings_;
    std::uint64_t mask_;
    std::vector<Entry> window_; ///< oldest first
    std::vector<Entry> held_;   ///< far off the line, in a row
    Line line_;
    double smallest_deviation_ns_ = 0; ///< over the window
    double prior_slope_ = 0;
    double prior_slope_variance_;
    std::uint32_t epoch_ = 0;
    std::uint64_t epoch_began_ns_ = 0; ///< CPU time of its first sample
    double jumped_ns_ = 0;             ///< sum of all jumps, without sign
    std::uint64_t newest_ns_ = 0;      ///< CPU time of the newest sample that made sense
    ClockModelCounters counters_;
};

} // namespace tactus
