// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tactus {

/// What a description of a clock came to.
enum class ClockWords : std::uint8_t {
    ok,
    not_followed, ///< says something true that no receiver can follow, or we do not
    malformed,
};

/// SDP's mediaclk (RFC 7273 section 5.2): the RTP timestamp at the reference clock's epoch, and by
/// how much the RTP clock is faster than its nominal rate.
struct MediaClockOffset {
    std::uint32_t ticks = 0;
    std::uint32_t rate_numerator = 1;
    std::uint32_t rate_denominator = 1;
};

/// SDP's ts-refclk (RFC 7273 section 4.8).
struct ReferenceClock {
    enum class Kind : std::uint8_t { ntp, ptp };
    Kind kind = Kind::ntp;
    std::string host;         ///< ntp: without the brackets of an IPv6 address
    std::uint16_t port = 123; ///< ntp
    std::uint8_t domain = 0;  ///< ptp
};

template <typename T>
struct ParsedClock {
    ClockWords words = ClockWords::malformed;
    const char* advice = ""; ///< if not ok: what is wrong and what would be right
    T value{};
};

/// Reads "direct=OFFSET" and "direct=OFFSET rate=NUM/DEN".
ParsedClock<MediaClockOffset> parse_mediaclk(std::string_view text);
/// Reads "ntp=HOST", "ntp=HOST:PORT" and "ptp=IEEE1588-2008[:GMID[:DOMAIN]]". Which master leads a
/// PTP domain is the domain's business, so GMID is only checked.
ParsedClock<ReferenceClock> parse_ts_refclk(std::string_view text);

/// From RTP timestamps to the times at which the sender sampled them, by a reference clock that
/// both ends follow (RFC 7273), and to running time.
///
/// Owner: tells both clocks' times now and then, when wants_pair says so. Threads: one. Reference
/// times are ns since the clock's epoch.
class MediaClock {
  public:
    /// Both clocks at one moment.
    struct Pair {
        std::int64_t reference_ns = 0;
        std::int64_t running_ns = 0;
        double rate = 1.0;          ///< running ns per reference ns
        std::int64_t spread_ns = 0; ///< how long it took to read them
    };
    struct Place {
        std::int64_t reference_ns = 0;
        std::int64_t running_ns = 0;
    };

    static constexpr std::int64_t kPairEveryNs = 100'000'000;
    static constexpr std::int64_t kPairLastsNs = 1'000'000'000;
    /// A reading that took longer was interrupted.
    static constexpr std::int64_t kGoodSpreadNs = 100'000;
    /// Further from its arrival no packet belongs: then the sender's clock is another one.
    static constexpr std::int64_t kFarNs = 10'000'000'000;

    /// Forgets the clocks' times.
    void start(const MediaClockOffset& offset);

    bool wants_pair(std::int64_t running_ns) const;
    void note_pair(const Pair& pair);

    /// Where a packet belongs. Nothing before the first pair, and for a packet that belongs further
    /// than kFarNs from its arrival. The 32 bits of the timestamp are taken for the time nearest to
    /// the arrival.
    std::optional<Place> place(std::uint32_t timestamp, std::uint32_t clock_rate,
                               std::int64_t arrival_ns) const;

  private:
    MediaClockOffset offset_;
    std::optional<Pair> pair_;
};

} // namespace tactus
