// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/media_clock.h"

#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tactus {

/// The reference clock that a stream's caps name (RFC 7273: a-ts-refclk, a-mediaclk), and where
/// packets belong by it.
///
/// Threads: `prepare` under the sink pad's stream lock; it may post, so the owner's lock must not
/// be held. All else under the owner's lock. Never waits for a clock: until it is in sync there is
/// no place.
class MediaClockSource {
  public:
    /// What `prepare` found; goes to `use`. Owns the clock until then.
    struct Found {
        std::string refclk;
        std::string mediaclk;
        MediaClockOffset offset;
        ReferenceClock reference;
        GstClock* clock = nullptr; ///< null: none
        bool is_system = false;    ///< in place of the one that is named
    };

    /// Whoever sets this data of the element, a GstClock, makes it the reference clock, whatever
    /// the caps call it: for tests.
    static constexpr const char* kClockData = "tactus-reference-clock";

    MediaClockSource() = default;
    ~MediaClockSource();
    MediaClockSource(const MediaClockSource&) = delete;
    MediaClockSource& operator=(const MediaClockSource&) = delete;

    /// Reads the caps and makes their clock, or takes the system's for it; warns of what is wrong
    /// with them.
    static Found prepare(GstElement* element, const GstCaps* caps, bool by_system);
    /// Follows what was found, without a new start if it is the same. Leaves in `found.clock` the
    /// one that is no longer needed: its last reference must not go under a lock.
    void use(Found& found);

    bool in_use() const { return clock_ != nullptr; }

    /// Where a packet belongs that came at `arrival_ns`, in running time of `pipeline`.
    std::optional<MediaClock::Place> place(std::uint32_t timestamp, std::uint32_t clock_rate,
                                           std::int64_t arrival_ns, GstClock* pipeline,
                                           GstClockTime base_time);
    /// The reference time of a packet that has been placed; as above, with the clocks' last times.
    std::optional<std::uint64_t> reference_ns(std::uint32_t timestamp, std::uint32_t clock_rate,
                                              std::int64_t arrival_ns) const;
    /// Names the reference clock in a GstReferenceTimestampMeta. The caller's reference.
    GstCaps* reference_caps() const { return gst_caps_ref(reference_caps_); }

    /// True once, when so many packets in a row have belonged nowhere near their arrival that the
    /// clock cannot be the sender's.
    bool take_complaint();
    const std::string& refclk() const { return refclk_; }

  private:
    void forget();
    std::int64_t reference_now_ns() const;
    void read_clocks(GstClock* pipeline, GstClockTime base_time);
    bool is_ours(GstClock* pipeline);

    MediaClock media_;
    std::string refclk_;
    std::string mediaclk_;
    GstClock* clock_ = nullptr;
    bool is_system_ = false;
    std::int64_t epoch_ns_ = 0; ///< where clock_ counts from, since the reference clock's epoch
    GstCaps* reference_caps_ = nullptr;
    GstClock* compared_ = nullptr; ///< not owned, only compared
    bool compared_is_ours_ = false;
    unsigned misplaced_ = 0;
    bool complained_ = false;
};

} // namespace tactus
