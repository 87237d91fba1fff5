// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace tactus {

/// Records as they lie in a RecordRing: whole units of 16 bytes, the first word a stamp and a kind.
/// Plain memory: written by one thread, read by another after the ring has published it.
///
/// The stamp is a time in the writers' clock, below 2^60; all writers of a process use the same
/// one.
constexpr std::size_t kRecordUnitBytes = 16;

enum class RecordKind : std::uint8_t {
    push = 1, ///< PushRecord, `more` IdRecords, and for a list PushRecords of kind `item`
    item,     ///< PushRecord: a further buffer of a list
    id,       ///< IdRecord: a further identity in the buffer before
    end,      ///< EndRecord
    segment,  ///< SegmentRecord
    eos,      ///< PadRecord
    flushed,  ///< PadRecord
};

struct RecordHead {
    static constexpr unsigned kKindBits = 4;

    static constexpr RecordHead of(RecordKind kind, std::uint64_t stamp) {
        return {(stamp << kKindBits) | static_cast<std::uint64_t>(kind)};
    }
    RecordKind kind() const {
        return static_cast<RecordKind>(word & ((std::uint64_t{1} << kKindBits) - 1));
    }
    std::uint64_t stamp() const { return word >> kKindBits; }

    std::uint64_t word;
};

struct PushRecord {
    enum Flag : std::uint16_t {
        id_is_new = 1,
        id_unattached = 2,
        no_end = 4,    ///< from a probe: no EndRecord follows
        is_pulled = 8, ///< the sink pad asked for it
    };

    RecordHead head;
    std::uint32_t src_pad;
    std::uint32_t dst_pad;
    std::uint64_t id;
    std::uint64_t t0; ///< in the clock of the head
    std::uint64_t address;
    std::uint64_t pts_ns;
    std::uint64_t duration_ns;
    std::uint32_t size_bytes; ///< UINT32_MAX: that or more
    std::uint16_t flags;
    std::uint16_t more; ///< a push: records of kind `id` and `item` that follow
};

struct IdRecord {
    RecordHead head;
    std::uint64_t id;
    std::uint64_t t0;
    std::uint64_t unused;
};

struct EndRecord {
    RecordHead head;
    std::int32_t flow;
    std::uint32_t unused;
};

struct SegmentRecord {
    RecordHead head;
    std::uint32_t src_pad;
    std::uint32_t in_time;
    double rate;
    std::uint64_t start_ns;
    std::uint64_t stop_ns;
    std::uint64_t base_ns;
    std::uint64_t offset_ns;
    std::uint64_t unused;
};

struct PadRecord {
    RecordHead head;
    std::uint32_t src_pad;
    std::uint32_t unused;
};

template <typename T>
constexpr std::uint32_t record_units() {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % kRecordUnitBytes == 0);
    return sizeof(T) / kRecordUnitBytes;
}

constexpr std::uint32_t units_of(RecordKind kind) {
    switch (kind) {
    case RecordKind::push:
    case RecordKind::item:
        return record_units<PushRecord>();
    case RecordKind::id:
        return record_units<IdRecord>();
    case RecordKind::segment:
        return record_units<SegmentRecord>();
    case RecordKind::end:
    case RecordKind::eos:
    case RecordKind::flushed:
        return 1;
    }
    return 1;
}

static_assert(record_units<PushRecord>() == 4 && record_units<IdRecord>() == 2);
static_assert(record_units<EndRecord>() == 1 && record_units<PadRecord>() == 1);
static_assert(record_units<SegmentRecord>() == 4);

} // namespace tactus
