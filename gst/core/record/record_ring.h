// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/record/record.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

namespace tactus {

/// Records from one streaming thread to the drain thread. The writer never waits, locks or
/// allocates: what finds no room is counted and gone.
///
/// Threads: one writer, one reader; `records_lost` from any. Positions are 64-bit counts of units
/// that never wrap. A record lies in one piece: one that begins near the end of the block runs into
/// a few spare units behind it, and the units it would have had at the start stay unused.
///
/// Pushes nest, and the end of a push must find room when its beginning did. So the writer keeps
/// one unit back for each push that is open, and remembers which were recorded. The ends of pushes
/// that nest deeper than kMaxDepth are not recorded.
class RecordRing {
  public:
    static constexpr unsigned kMaxDepth = 1024;
    static constexpr std::uint32_t kMaxRecordUnits = 4;

    struct alignas(kRecordUnitBytes) Unit {
        std::byte bytes[kRecordUnitBytes];
    };

    /// `capacity_units`: a power of two, at least 256. Throws bad_alloc. The block comes from the
    /// kernel and goes back to it: threads come and go, and the allocator would keep it in pieces.
    explicit RecordRing(std::size_t capacity_units);

    // --- writer

    /// Whether there is room for `units` more; if not, counts one record lost.
    bool reserve(std::uint32_t units) {
        if (has_room(units + open_) || look_again(units + open_))
            return true;
        count_lost();
        return false;
    }
    /// A record `offset` units behind the last one that was published, to be filled in: what is
    /// put together elsewhere and copied waits for the narrow stores before it can be loaded wide.
    template <typename Record>
    Record& place(std::uint32_t offset) {
        static_assert(std::is_trivially_default_constructible_v<Record>);
        return *new (&units_[(tail_here_ + offset) & mask_]) Record;
    }
    template <typename Record>
    void write(std::uint32_t offset, const Record& record) {
        place<Record>(offset) = record;
    }
    void publish(std::uint32_t units) {
        tail_here_ += units;
        // release: partner is the acquire in published().
        tail_.store(tail_here_, std::memory_order_release);
    }

    /// A push begins; `recorded` says whether its beginning was written as of one that will end.
    void opened(bool recorded) {
        if (depth_ < kMaxDepth) {
            std::uint64_t& word = recorded_[depth_ / 64];
            const std::uint64_t bit = std::uint64_t{1} << depth_ % 64;
            word = recorded ? word | bit : word & ~bit;
        }
        open_ += recorded ? 1 : 0;
        ++depth_;
    }
    /// Whether the end of a push that begins now can be recorded.
    bool may_open() const { return depth_ < kMaxDepth; }
    /// A push ends. Returns whether an end is to be written: if so there is room for it.
    bool closed() {
        if (depth_ == 0)
            return false;
        --depth_;
        if (depth_ >= kMaxDepth || ((recorded_[depth_ / 64] >> depth_ % 64) & 1) == 0)
            return false;
        --open_;
        return true;
    }
    /// What is open will not be closed: its writer missed the ends.
    void forget_open() { depth_ = open_ = 0; }
    void count_lost() { lost_.store(++lost_here_, std::memory_order_relaxed); }

    // --- reader

    /// The position behind the last record that is whole.
    std::uint64_t published() const {
        // acquire: partner is the release in publish(). It also makes visible what the writer had
        // seen of other rings' records, on which RecordHub's second look rests.
        return tail_.load(std::memory_order_acquire);
    }
    std::uint64_t read_position() const { return head_here_; }
    /// The record at a position, copied out.
    template <typename Record>
    Record read(std::uint64_t position) const {
        Record record;
        std::memcpy(&record, &units_[position & mask_], sizeof record);
        return record;
    }
    /// Everything before `position` has been read and may be written again.
    void release(std::uint64_t position) {
        head_here_ = position;
        // release: partner is the acquire in look_again(); the reads before stay before.
        head_.store(position, std::memory_order_release);
    }

    std::uint64_t records_lost() const { return lost_.load(std::memory_order_relaxed); }
    std::size_t capacity_units() const { return mask_ + 1; }

  private:
    bool has_room(std::uint32_t units) const {
        return tail_here_ + units <= head_seen_ + mask_ + 1;
    }
    bool look_again(std::uint32_t units);

    struct Unmap {
        void operator()(Unit* units) const;
        std::size_t bytes;
    };
    static std::unique_ptr<Unit[], Unmap> map_units(std::size_t count);

    static constexpr std::size_t kLine = 64;

    // the writer's own
    alignas(kLine) std::uint64_t tail_here_ = 0;
    std::uint64_t head_seen_ = 0;
    std::uint64_t lost_here_ = 0;
    std::uint32_t depth_ = 0;
    std::uint32_t open_ = 0;
    std::array<std::uint64_t, kMaxDepth / 64> recorded_{}; ///< a bit for each depth
    // both sides'
    std::unique_ptr<Unit[], Unmap> units_;
    std::size_t mask_;
    alignas(kLine) std::atomic<std::uint64_t> tail_{0};
    std::atomic<std::uint64_t> lost_{0};
    // the reader's own
    alignas(kLine) std::atomic<std::uint64_t> head_{0};
    std::uint64_t head_here_ = 0;
};

} // namespace tactus
