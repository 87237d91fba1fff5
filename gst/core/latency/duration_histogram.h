// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_snapshot.h"
#include "core/stats/log_linear_histogram.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace tactus {

/// Of all buckets.
std::uint64_t total_count(const DurationStats& stats);
/// Fills in p50, p99 and p999 of the summary, by the buckets and its maximum.
void fill_quantiles(DurationStats& stats);

/// Durations in ns, in the buckets of LogLinearHistogram, with their sum. A row of buckets (one
/// power of two) is allocated when a value first falls into it: durations of one element fill few
/// rows, so that most of the 30 KiB are spared where there are hundreds of histograms. One thread.
class DurationHistogram {
  public:
    void record(std::uint64_t value_ns) {
        const std::size_t bucket = LogLinearHistogram::bucket_of(value_ns);
        auto& row = rows_[bucket / kColumns];
        if (!row)
            row = std::make_unique<Row>();
        ++(*row)[bucket % kColumns];
        ++count_;
        sum_ns_ += value_ns;
        if (value_ns > max_ns_)
            max_ns_ = value_ns;
    }

    std::uint64_t count() const { return count_; }
    DurationStats stats() const;
    void reset();

  private:
    static constexpr std::size_t kColumns = LogLinearHistogram::kSubBuckets;
    static constexpr std::size_t kRows = LogLinearHistogram::kBuckets / kColumns;
    using Row = std::array<std::uint64_t, kColumns>;

    void fill_buckets(DurationStats& stats) const;

    std::uint64_t count_ = 0;
    std::uint64_t sum_ns_ = 0;
    std::uint64_t max_ns_ = 0;
    std::array<std::unique_ptr<Row>, kRows> rows_;
};

} // namespace tactus
