// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_observer.h"
#include "core/latency/running_time.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tactus {

/// What has become of a buffer that went into an element.
enum class Fate : std::uint8_t {
    inside,
    out,
    dropped,
    forgotten ///< it is not known whether it came out, and nobody counts it
};

/// A buffer that went in.
struct BookEntry {
    std::uint64_t id = 0;        ///< of its oldest stamp
    std::uint64_t newest_id = 0; ///< of its newest stamp; differs where several were merged
    std::uint64_t flow_id = 0;   ///< under which observers know it
    std::uint64_t address = 0;
    std::uint64_t in_ns = 0;
    std::uint64_t pts_ns = kNoTimeNs;
    std::uint64_t size_bytes = 0;
    std::uint64_t out_address = 0; ///< of the buffer as which it came out last
    std::uint64_t out_pts_ns = kNoTimeNs;
    Origins origins;
    RunningInterval running;
    std::uint64_t left_mask = 0; ///< source pads by which it came out
    std::uint64_t arrival = 0;   ///< its number in the order of arrival
    std::uint64_t older_by_id = 0;
    std::uint64_t older_by_address = 0;
    std::uint32_t thread = 0;
    std::uint32_t push_serial = 0; ///< of the push that brought it
    std::uint32_t push_depth = 0;  ///< how many pushes enclosed that one
    Fate fate = Fate::inside;
    bool unattached = false; ///< the buffer itself does not carry the id
    bool guessed = false;    ///< came out by inference, not by its id
    bool is_repeat = false;  ///< its content went by before: an element sent it more than once
    bool is_block = false;   ///< of a stream of bytes, cut anywhere

    /// Notes as which buffer it came out. Returns whether that is a piece of what came out before,
    /// like one packet of a frame after another, and not the same once more.
    bool comes_out_as(const BufferSeen& buffer);
};

/// The buffers that went into an element through one sink pad, in order of arrival. Holds the last
/// 64 at least and grows, up to 4096, as long as it would overwrite one that is still inside, or
/// (up to 1024) one that came within five seconds, was counted as dropped and might turn up. Halves
/// itself when a quarter would have done for four times what it holds. One thread; allocates only
/// then. References to entries are valid until the next make_room().
///
/// Chains: each entry names the entry before it with the same hash, by arrival; a number outside of
/// what the ring holds ends a chain, so nothing need ever be removed from one.
class PadBook {
  public:
    static constexpr std::size_t kCapacityMin = 64;
    static constexpr std::size_t kDroppedKept = 1024;
    static constexpr std::uint64_t kDroppedKeptNs = 5'000'000'000;
    static constexpr std::size_t kCapacityMax = 4096;

    PadBook();

    /// Before add(). The entry that is inside and must make way, if there is one: the caller must
    /// settle() it.
    BookEntry* make_room(std::uint64_t now_ns);
    BookEntry& add(const BookEntry& entry);

    /// The buffer itself, if it went in here with this id and has not come out of the source pad
    /// with bit `pad_bit`; or nullptr.
    BookEntry* find_itself(std::uint64_t id, const BufferSeen& buffer, std::uint64_t pad_bit);
    struct Match {
        BookEntry* entry = nullptr;
        bool is_timely = false; ///< it went in with this timestamp
        bool is_again = false;  ///< it has come out of this pad before
    };
    /// Which entry with this id another buffer that comes out belongs to: best one of the
    /// same timestamp, else the oldest that has not come out there.
    Match match(std::uint64_t id, const BufferSeen& buffer, std::uint64_t pad_bit);
    /// The entry of a buffer that does not carry its id, by address and timestamp: of the last ones
    /// that are alike the oldest that has not come out of this pad, else the newest.
    BookEntry* match_unattached(const BufferSeen& buffer, std::uint64_t pad_bit);
    /// Whether this very buffer went in before.
    bool has_seen(std::uint64_t id, std::uint64_t newest_id, const BufferSeen& buffer);
    /// All that is inside with this id has come out as one buffer: the packets of a frame, say.
    /// Should they come out one by one after all, they are matched as before.
    void settle_merged(std::uint64_t id);

    /// Notes that an entry came out through `pad_bit`. Returns how many newer ones came out before
    /// it; 0 if it came out before by another pad.
    std::uint64_t take(BookEntry& entry, std::uint64_t pad_bit);
    /// Decides an entry that is inside.
    void settle(BookEntry& entry, Fate fate);

    /// The oldest entry that is inside, if more than `newer` newer ones came out.
    BookEntry* overtaken_by(std::uint64_t newer);

    std::uint64_t first() const { return first_; }
    std::uint64_t first_inside() const { return tail_; }
    std::uint64_t end() const { return next_; }
    BookEntry& at(std::uint64_t arrival) { return ring_[arrival & (ring_.size() - 1)]; }
    std::uint64_t inside() const { return inside_; }
    bool is_empty() const { return next_ == 0; }
    std::size_t capacity() const { return ring_.size(); }

    /// Nothing that is inside now will be counted as dropped: records of its leaving may be lost.
    void doubt_inside() { doubted_before_ = next_; }
    bool is_doubted(const BookEntry& entry) const { return entry.arrival < doubted_before_; }

  private:
    static constexpr std::uint64_t kNobody = UINT64_MAX;
    static constexpr unsigned kChainStepsMax = 64;
    static constexpr std::uint64_t kLapsBeforeHalving = 4;

    bool is_held(std::uint64_t arrival) const { return arrival < next_ && arrival >= first_; }
    std::size_t id_slot(std::uint64_t id) const;
    std::size_t address_slot(std::uint64_t address) const;
    void link(BookEntry& entry);
    static bool might_turn_up(const BookEntry& entry, std::uint64_t now_ns);
    void note_need(std::uint64_t now_ns);
    bool is_too_large() const;
    void resize(std::size_t capacity);
    void advance_tail();
    std::uint64_t newer_outs(const BookEntry& entry);

    std::vector<BookEntry> ring_;
    std::vector<std::uint64_t> by_id_; // arrival of the newest entry with this hash
    std::vector<std::uint64_t> by_address_;
    std::uint64_t first_ = 0;       // arrival of the oldest entry that is held
    std::uint64_t next_ = 0;        // arrival of the next entry
    std::uint64_t tail_ = 0;        // all before it are decided
    std::uint64_t inside_ = 0;      // entries that are inside
    std::uint64_t outs_ = 0;        // entries that have come out, ever
    std::uint64_t outs_behind_ = 0; // those of them that lie before the tail
    std::uint64_t newest_out_ = 0;  // arrival of the newest that has come out, plus one
    std::uint64_t doubted_before_ = 0;
    std::uint64_t needed_until_ = 0; // when more than a quarter was last needed, in arrivals
};

} // namespace tactus
