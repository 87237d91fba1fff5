// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tactus {

/// A histogram of delays that forgets: each new value counts 1 - f and what was there is multiplied
/// by f. f rises to its final value while the first values come in, so that the first ones are not
/// overrated, nor a single rare one (the scheme of NetEq in WebRTC,
/// modules/audio_coding/neteq/histogram). Buckets are 2 ms wide: NetEq's 20 ms cost a clean link
/// more delay than its network does.
///
/// Threads: one. Adding and quantile() take time in the number of buckets; both are for rates of a
/// few per second.
class DelayHistogram {
  public:
    static constexpr std::int64_t kBucketNs = 2'000'000;
    static constexpr std::size_t kBuckets = 1024; ///< the last one holds all that is longer

    explicit DelayHistogram(double forget_factor) : forget_factor_(forget_factor) {}

    void add(std::int64_t delay_ns);

    /// The end of the first bucket up to which a share of at least `q` lies; 0 when empty.
    std::int64_t quantile_ns(double q) const;

    /// The share of values in buckets behind the one of `delay_ns`.
    double share_above(std::int64_t delay_ns) const;

    /// The delay d (a bucket's end, or 0) with the smallest d + `ns_per_share` * share_above(d).
    std::int64_t cheapest_ns(double ns_per_share) const;

    std::uint64_t count() const { return count_; }
    void clear();

  private:
    static std::size_t bucket_of(std::int64_t delay_ns);

    std::array<float, kBuckets> shares_{};
    std::size_t used_ = 0; ///< no share lies at or behind this bucket
    std::uint64_t count_ = 0;
    double forget_factor_;
};

} // namespace tactus
