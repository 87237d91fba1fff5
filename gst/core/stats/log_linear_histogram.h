// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tactus {

/// Counts unsigned 64-bit values (durations in nanoseconds, burst sizes) in log-linear buckets:
/// exact up to 63, then 64 buckets per power of two, so a bucket is at most 1/64 (1.6 %) of its
/// value wide. The layout is that of HdrHistogram (G. Tene) with six significant bits.
///
/// Threads: one thread records; any thread may read at the same time and sees every value that
/// was recorded before, give or take those being recorded now. Never allocates, never resets by
/// itself. About 30 KiB.
class LogLinearHistogram {
  public:
    static constexpr unsigned kSubBucketBits = 6;
    static constexpr std::size_t kSubBuckets = std::size_t{1} << kSubBucketBits;
    static constexpr std::size_t kBuckets = (64 - kSubBucketBits + 1) * kSubBuckets;

    struct Summary {
        std::uint64_t count = 0;
        std::uint64_t p50 = 0;
        std::uint64_t p99 = 0;
        std::uint64_t p999 = 0;
        std::uint64_t max = 0;
    };

    /// Adds one value. Single writer.
    void record(std::uint64_t value) {
        bump(counts_[bucket_of(value)]);
        if (value > max_.load(std::memory_order_relaxed))
            max_.store(value, std::memory_order_relaxed);
    }

    /// The smallest recorded value v such that a share `q` (0 to 1) of all values is <= v,
    /// rounded up to the end of its bucket but never above the maximum; 0 when empty.
    std::uint64_t quantile(double q) const;

    /// Count, P50, P99, P99.9 and the exact maximum, all from one pass over the buckets.
    Summary summary() const;

    std::uint64_t count() const;

    static constexpr std::size_t bucket_of(std::uint64_t value) {
        if (value < kSubBuckets)
            return static_cast<std::size_t>(value);
        const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBucketBits;
        return (shift + 1) * kSubBuckets + static_cast<std::size_t>((value >> shift) - kSubBuckets);
    }

    /// The largest value that falls into `bucket`.
    static constexpr std::uint64_t bucket_last_value(std::size_t bucket) {
        if (bucket < kSubBuckets)
            return bucket;
        const unsigned shift = static_cast<unsigned>(bucket / kSubBuckets) - 1;
        const std::uint64_t mantissa = bucket % kSubBuckets + kSubBuckets;
        return (mantissa << shift) + ((std::uint64_t{1} << shift) - 1);
    }

  private:
    // A single writer needs no read-modify-write instruction; readers want no tearing, no order.
    static void bump(std::atomic<std::uint64_t>& counter) {
        counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    std::array<std::atomic<std::uint64_t>, kBuckets> counts_{};
    std::atomic<std::uint64_t> max_{0};
};

} // namespace tactus
