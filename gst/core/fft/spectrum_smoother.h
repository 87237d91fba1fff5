// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace tactus {

/// Smooths a sequence of power spectra over time, each value on its own: it goes to a larger one
/// with the time constant `attack`, and back with `release` (a step is done to 63 % after it). The
/// first spectrum passes as it is.
///
/// Threads: one at a time.
class SpectrumSmoother {
  public:
    /// Times in seconds; 0 follows at once.
    SpectrumSmoother(std::size_t values, double attack_s, double release_s, double hop_s)
        : attack_(share(attack_s, hop_s)), release_(share(release_s, hop_s)), state_(values) {}

    /// In place.
    void apply(float* power) {
        for (std::size_t k = 0; k < state_.size(); ++k) {
            // Infinity less itself would never go away again.
            const float value = std::min(power[k], std::numeric_limits<float>::max());
            const float step = value - state_[k];
            const float share = first_ ? 1.0F : step > 0 ? attack_ : release_;
            power[k] = state_[k] += share * step;
        }
        first_ = false;
    }
    void reset() {
        first_ = true;
        std::fill(state_.begin(), state_.end(), 0.0F);
    }

  private:
    static float share(double constant_s, double hop_s) {
        return constant_s > 0 ? static_cast<float>(-std::expm1(-hop_s / constant_s)) : 1.0F;
    }

    float attack_;
    float release_;
    std::vector<float> state_;
    bool first_ = true;
};

} // namespace tactus
