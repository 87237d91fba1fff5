// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_snapshot.h"
#include "core/stats/log_linear_histogram.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace tactus {

/// Of all buckets.
std::uint64_t total_count(const DurationStats& stats);
/// Fills in p50, p99 and p999 of the summary, by the buckets and its maximum.
void fill_quantiles(DurationStats& stats);

/// Durations in ns, in the buckets of LogLinearHistogram, with their sum. A row of buckets (one
/// power of two) is allocated when a value first falls into it: durations of one element fill few
/// rows, so that most of the 30 KiB are spared where there are hundreds of histograms. One that
/// nothing falls into any more can be packed: a word for each bucket that is not empty. The next
/// value unpacks it. One thread.
class DurationHistogram {
  public:
    void record(std::uint64_t value_ns) {
        const std::size_t bucket = LogLinearHistogram::bucket_of(value_ns);
        if (!rows_) [[unlikely]]
            unpack();
        ++row_of(bucket)[bucket % kColumns];
        ++count_;
        sum_ns_ += value_ns;
        if (value_ns > max_ns_)
            max_ns_ = value_ns;
    }

    std::uint64_t count() const { return count_; }
    DurationStats stats() const;
    void reset();
    /// To be called now and then: packs it if nothing was recorded since the last call.
    void pack_if_idle();

  private:
    static constexpr std::size_t kColumns = LogLinearHistogram::kSubBuckets;
    static constexpr std::size_t kRows = LogLinearHistogram::kBuckets / kColumns;
    using Row = std::array<std::uint64_t, kColumns>;
    using Rows = std::array<std::unique_ptr<Row>, kRows>;
    /// A packed word: the bucket in its lower bits, the count in the others.
    static constexpr unsigned kBucketBits = 12;
    static_assert(LogLinearHistogram::kBuckets <= std::size_t{1} << kBucketBits);

    Row& row_of(std::size_t bucket) {
        auto& row = (*rows_)[bucket / kColumns];
        if (!row)
            row = std::make_unique<Row>();
        return *row;
    }
    static std::size_t packed_bucket(std::uint64_t word) {
        return static_cast<std::size_t>(word & ((std::uint64_t{1} << kBucketBits) - 1));
    }
    /// Calls `visit(bucket, count)` for those that are not empty, rising.
    template <typename Visit>
    void for_each_bucket(Visit visit) const;
    void pack();
    void unpack();

    std::uint64_t count_ = 0;
    std::uint64_t sum_ns_ = 0;
    std::uint64_t max_ns_ = 0;
    std::uint64_t count_seen_ = 0;      ///< when it was last looked whether it is idle
    std::unique_ptr<Rows> rows_;        ///< or nullptr: nothing, or it is packed
    std::vector<std::uint64_t> packed_; ///< rising; empty where there are rows
};

} // namespace tactus
