// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fft_rounds.h"

#include "core/fft/fft_kernels.h"

#include "fma_peak.h"
#include "machine.h"

#include <hwy/targets.h>

#include <algorithm>
#include <cmath>

namespace tactus::bench {

namespace {

std::vector<Target> supported_targets() {
    std::vector<Target> targets;
    bool has_avx512 = false;
    for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
        hwy::SetSupportedTargetsForTest(left & -left);
        const std::string name = fft_kernels<float>().name;
        const bool is_avx512 = name.rfind("AVX3", 0) == 0;
        const bool is_wanted = is_avx512 ? !has_avx512 : name == "AVX2" || name == "SSE4";
        has_avx512 |= is_avx512;
        if (is_wanted)
            targets.push_back({left & -left, name});
    }
    hwy::SetSupportedTargetsForTest(0);
    if (targets.empty())
        targets.push_back({hwy::SupportedTargets(), fft_kernels<float>().name});
    return targets;
}

void measure_peaks(std::vector<Target>& targets, unsigned rounds) {
    for (Target& target : targets) {
        force(&target);
        std::vector<double> f32;
        std::vector<double> f64;
        for (unsigned round = 0; round < rounds; ++round) {
            f32.push_back(fma_peak_gflops(false));
            f64.push_back(fma_peak_gflops(true));
        }
        target.peak_f32 = median(f32);
        target.peak_f64 = median(f64);
    }
    force(nullptr);
}

double ns_per_run(const Transform& transform, std::size_t repeats) {
    const std::uint64_t begin_ns = now_ns();
    for (std::size_t i = 0; i < repeats; ++i)
        transform();
    return static_cast<double>(now_ns() - begin_ns) / static_cast<double>(repeats);
}

void choose_repeats(Runner& runner, double block_ns) {
    runner.transform();
    double ns = ns_per_run(runner.transform, runner.repeats);
    while (ns * static_cast<double>(runner.repeats) < block_ns / 2) {
        runner.repeats *= 2;
        ns = ns_per_run(runner.transform, runner.repeats);
    }
}

double median_ratio(const std::vector<double>& peer, const std::vector<double>& ours) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < peer.size(); ++i)
        ratios.push_back(peer[i] / ours[i]);
    return median(ratios);
}

} // namespace

std::vector<Target> find_targets(unsigned rounds) {
    std::vector<Target> targets = supported_targets();
    measure_peaks(targets, rounds);
    return targets;
}

void force(const Target* target) {
    hwy::SetSupportedTargetsForTest(target != nullptr ? target->bit : 0);
}

void measure(std::vector<Runner>& runners, const Effort& effort) {
    for (Runner& runner : runners)
        choose_repeats(runner, effort.block_ns);
    for (unsigned round = 0; round < effort.rounds; ++round)
        for (std::size_t i = 0; i < runners.size(); ++i) {
            // Who goes first changes from round to round.
            Runner& runner = runners[(i + round) % runners.size()];
            runner.transform(); // caches and the clock of the core are its own again
            runner.ns.push_back(ns_per_run(runner.transform, runner.repeats));
        }
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

double goal_of(const Goals& goals, const Target& target) {
    if (target.name == "AVX2")
        return goals.avx2;
    return target.name.rfind("AVX3", 0) == 0 ? goals.avx512 : 0;
}

double operations_of(std::size_t length) {
    const auto points = static_cast<double>(length);
    return 2.5 * points * std::log2(points);
}

Cell make_cell(const Runner& ours, const Runner* peer, double operations, double peak,
               double goal) {
    Cell cell;
    cell.ns = median(ours.ns);
    cell.ratio = peer != nullptr ? median_ratio(peer->ns, ours.ns) : NAN;
    cell.gflops = operations / cell.ns;
    cell.share = cell.gflops / peak;
    cell.goal = goal;
    return cell;
}

} // namespace tactus::bench
