// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "fft_peers.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tactus::bench {

/// How long is measured.
struct Effort {
    unsigned rounds = 41;
    double block_ns = 400'000; ///< of each transform, in each round
};

/// A ratio of 0 asks for nothing.
struct Goals {
    double avx512 = 0;
    double avx2 = 0;
};

/// A kind of vector unit to be forced.
struct Target {
    std::int64_t bit;
    std::string name;
    double peak_f32 = 0;
    double peak_f64 = 0;
};

/// One transform of a row.
struct Runner {
    Transform transform;
    std::size_t repeats = 1;
    std::vector<double> ns;
};

struct Cell {
    double ns = 0;
    double ratio = 0;
    double gflops = 0;
    double share = 0; ///< of the peak
    double goal = 0;
};

struct Row {
    std::string name;
    std::string peer;
    double peer_ns = 0;
    std::vector<Cell> cells; ///< one per target
};

/// AVX-512, AVX2 and SSE4 where the machine has them; else the best of what it has. With their
/// peaks.
std::vector<Target> find_targets(unsigned rounds);
/// From now on for plans that are made; null for what is best here.
void force(const Target* target);

/// All in turns, round by round.
void measure(std::vector<Runner>& runners, const Effort& effort);

double median(std::vector<double> values);
double goal_of(const Goals& goals, const Target& target);
/// Of a real transform.
double operations_of(std::size_t length);
/// Without a peer the ratio is NAN.
Cell make_cell(const Runner& ours, const Runner* peer, double operations, double peak, double goal);

} // namespace tactus::bench
