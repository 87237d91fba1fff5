// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/voip_metrics.h"

namespace tactus {

namespace {

double ratio(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::int64_t mean_duration(std::uint64_t packets, std::uint64_t runs, std::int64_t spacing_ns) {
    return static_cast<std::int64_t>(ratio(packets, runs) * static_cast<double>(spacing_ns));
}

} // namespace

void VoipMetrics::lost(std::uint64_t count) {
    lost_ += count;
    bad(count);
}

void VoipMetrics::bad(std::uint64_t count) {
    if (count == 0)
        return;
    if (cluster_bad_ > 0 && run_ < kGmin) {
        cluster_good_ += run_;
    } else {
        close(sums_);
        sums_.gap_packets += run_;
        cluster_bad_ = cluster_good_ = 0;
    }
    run_ = 0;
    cluster_bad_ += count;
}

void VoipMetrics::close(Sums& sums) const {
    if (cluster_bad_ == 1) {
        sums.gap_packets += 1;
        sums.gap_bad += 1;
    } else if (cluster_bad_ > 1) {
        sums.burst_packets += cluster_bad_ + cluster_good_;
        sums.burst_bad += cluster_bad_;
        sums.bursts += 1;
    }
}

VoipMetrics::Snapshot VoipMetrics::snapshot(std::int64_t spacing_ns) const {
    Sums sums = sums_;
    close(sums);
    sums.gap_packets += run_;
    const std::uint64_t expected = received_ + lost_ + discarded_;
    Snapshot result;
    result.loss_rate = ratio(lost_, expected);
    result.discard_rate = ratio(discarded_, expected);
    result.burst_density = ratio(sums.burst_bad, sums.burst_packets);
    result.gap_density = ratio(sums.gap_bad, sums.gap_packets);
    result.bursts = sums.bursts;
    result.burst_duration_ns = mean_duration(sums.burst_packets, sums.bursts, spacing_ns);
    result.gap_duration_ns = mean_duration(sums.gap_packets, sums.bursts + 1, spacing_ns);
    return result;
}

} // namespace tactus
