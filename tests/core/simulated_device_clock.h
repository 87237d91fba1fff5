// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/clock_sample.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>

namespace tactus {

/// How the error of a sample lies within ± deviation.
enum class ErrorShape { half_width, even, triangular, late_only };

/// A device clock that is known exactly. Its phase is kept in long double nanoseconds.
class SimulatedDeviceClock : public SampleSource {
  public:
    struct Settings {
        double tick_period_ns = 1.0;
        unsigned valid_bits = 64;
        double skew_ppm = 20.0;
        double wander_ppm_per_sqrt_s = 0.02;
        double deviation_ns = 300.0;
        double claimed_deviation = 1.0; ///< times the true one: below 1 the driver lies
        ErrorShape shape = ErrorShape::half_width;
        double preempted_share = 0.0;   ///< samples taken over a gap of up to 1 ms
        bool preemption_is_told = true; ///< in the deviation
        std::uint64_t start_ns = 1'000'000'000'000'000'000;
        std::uint64_t start_ticks = 123'456'789;
        std::uint32_t seed = 1;
    };

    explicit SimulatedDeviceClock(const Settings& settings)
        : settings_(settings), now_ns_(settings.start_ns), random_(settings.seed),
          skew_(settings.skew_ppm * 1e-6) {}

    std::uint64_t now_ns() const { return now_ns_; }

    /// Lets time pass; the skew wanders in steps of at most 10 ms.
    void advance(std::uint64_t ns) {
        while (ns > 0) {
            const std::uint64_t step = std::min<std::uint64_t>(ns, 10'000'000);
            phase_ns_ += static_cast<long double>(step) * (1.0L + skew_);
            now_ns_ += step;
            ns -= step;
            std::normal_distribution<double> wander; // of 1: the distribution takes no 0
            skew_ +=
                wander(random_) * settings_.wander_ppm_per_sqrt_s * 1e-6 * std::sqrt(step * 1e-9);
        }
    }

    /// The device's clock steps.
    void jump(double ns) { phase_ns_ += ns; }

    /// What the device shows at a time near to now, without error.
    std::uint64_t ticks_at(double from_now_ns) const {
        const long double device = phase_ns_ + from_now_ns * (1.0L + skew_);
        const auto count = static_cast<std::int64_t>(
            std::floor(device / static_cast<long double>(settings_.tick_period_ns)));
        return (settings_.start_ticks + static_cast<std::uint64_t>(count)) &
               (UINT64_MAX >> (64 - settings_.valid_bits));
    }

    std::optional<ClockSample> take() override {
        ++tries;
        if (fail_next > 0) {
            --fail_next;
            return std::nullopt;
        }
        double deviation = settings_.deviation_ns;
        const bool preempted = uniform(0, 1) < settings_.preempted_share;
        if (preempted)
            deviation += uniform(1e4, 1e6);
        ClockSample sample;
        sample.cpu_ns = now_ns_;
        sample.ticks = ticks_at(error(deviation));
        const bool told = !preempted || settings_.preemption_is_told;
        sample.deviation_ns =
            (told ? deviation : settings_.deviation_ns) * settings_.claimed_deviation;
        return sample;
    }

    unsigned tries = 0;
    unsigned fail_next = 0;

  private:
    double uniform(double low, double high) {
        return std::uniform_real_distribution<double>(low, high)(random_);
    }

    double error(double deviation) {
        switch (settings_.shape) {
        case ErrorShape::half_width:
            return uniform(-deviation / 2, deviation / 2);
        case ErrorShape::even:
            return uniform(-deviation, deviation);
        case ErrorShape::triangular:
            return uniform(-deviation / 2, deviation / 2) + uniform(-deviation / 2, deviation / 2);
        case ErrorShape::late_only:
            break;
        }
        return uniform(0, deviation);
    }

    Settings settings_;
    std::uint64_t now_ns_;
    std::mt19937 random_;
    long double phase_ns_ = 0;
    long double skew_;
};

} // namespace tactus
