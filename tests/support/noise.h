// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// White noise, the same for the same seed.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace tactus {

template <typename Sample>
std::vector<Sample> gaussian_noise(std::size_t count, unsigned seed, double deviation = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0, deviation);
    std::vector<Sample> samples(count);
    for (Sample& sample : samples)
        sample = static_cast<Sample>(normal(random));
    return samples;
}

/// Uniform.
inline std::vector<float> float_noise(std::size_t count, unsigned seed = 1, float peak = 0.5F) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-peak, peak);
    std::vector<float> samples(count);
    for (float& sample : samples)
        sample = uniform(random);
    return samples;
}

} // namespace tactus
