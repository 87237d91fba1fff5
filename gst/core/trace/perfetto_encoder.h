// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/trace/proto_writer.h"
#include "core/trace/trace_file.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tactus {

/// The clocks of one moment, in nanoseconds; 0: unknown, left out.
struct TraceClocks {
    std::uint64_t monotonic_ns = 0;
    std::uint64_t monotonic_raw_ns = 0;
    std::uint64_t boottime_ns = 0;
    std::uint64_t realtime_ns = 0;
};

/// Writes a Perfetto trace: tracks, and events on them. Source: protos/perfetto/trace in Perfetto's
/// repository; perfetto_subset.proto in tests/support holds the field numbers that are used here.
///
/// All packets are one sequence. Its first packet clears the incremental state, makes
/// CLOCK_MONOTONIC the clock of all timestamps and says how the other clocks stood; names of events
/// and annotations are sent once and then referred to by number.
///
/// A track is told before the first event on it; its number is the caller's choice (not 0) and is
/// the parent of other tracks. An event is begin(), then any of name(), flow(), ends_flow(),
/// value() and annotate(), then end(). The caller keeps the order of time within a track and the
/// nesting of slices. Texts longer than kMaxTextBytes are cut at a character.
///
/// Threads: one at a time. The file is the caller's and must outlive the encoder; it also tells of
/// errors. Times are CLOCK_MONOTONIC in nanoseconds. Memory: the names that were interned, at most
/// kMaxNames of each kind; those beyond go in full with each event.
class PerfettoEncoder {
  public:
    static constexpr std::size_t kMaxTextBytes = 1024;
    static constexpr std::size_t kMaxNames = 16384;

    enum class Event : std::uint8_t { slice_begin = 1, slice_end = 2, instant = 3, counter = 4 };

    PerfettoEncoder(TraceFile& file, const TraceClocks& clocks);
    PerfettoEncoder(const PerfettoEncoder&) = delete;
    PerfettoEncoder& operator=(const PerfettoEncoder&) = delete;

    /// Tells again how the clocks stand; they drift apart, and BOOTTIME steps over a suspend.
    void clocks(const TraceClocks& clocks);

    void process(std::uint64_t track, std::int32_t pid, std::string_view name);
    void thread(std::uint64_t track, std::uint64_t process_track, std::int32_t pid,
                std::int32_t tid, std::string_view name);
    /// For slices and instants, or to group other tracks.
    void track(std::uint64_t track, std::uint64_t parent, std::string_view name);
    void counter(std::uint64_t track, std::uint64_t parent, std::string_view name,
                 std::string_view unit);

    /// A number for the name of events, to be given to name(); 0 if there are too many.
    std::uint32_t intern(std::string_view name) { return event_names_.intern(name); }

    void begin(Event event, std::uint64_t track, std::uint64_t at_ns) {
        ProtoWriter& out = open_packet(at_ns);
        event_ = out.open(kTrackEvent);
        out.varint(kEventType, static_cast<std::uint64_t>(event));
        out.varint(kEventTrack, track);
    }
    void name(std::uint32_t interned) { out_->varint(kEventNameId, interned); }
    void name(std::string_view text);
    void flow(std::uint64_t id) { out_->fixed64(kEventFlow, id); }
    void ends_flow(std::uint64_t id) { out_->fixed64(kEventFlowEnd, id); }
    void value(std::int64_t value) { out_->int64(kEventCounterValue, value); }
    void value(double value) { out_->real(kEventCounterReal, value); }
    void annotate(std::string_view name, bool value);
    void annotate(std::string_view name, std::int64_t value);
    void annotate(std::string_view name, std::uint64_t value);
    void annotate(std::string_view name, double value);
    void annotate(std::string_view name, std::string_view value);
    void annotate(std::string_view name, const char* value) = delete; // it would become a bool
    void end() {
        out_->close(event_);
        if (event_names_.has_news() || annotation_names_.has_news())
            write_interned();
        close_packet();
    }

  private:
    /// Field numbers of TracePacket and TrackEvent that the hot path needs.
    enum Field : std::uint32_t {
        kPacket = 1, // of Trace
        kTimestamp = 8,
        kSequenceId = 10,
        kTrackEvent = 11,
        kSequenceFlags = 13,
        kEventType = 9,
        kEventNameId = 10,
        kEventTrack = 11,
        kEventCounterValue = 30,
        kEventCounterReal = 44,
        kEventFlow = 47,
        kEventFlowEnd = 48,
    };
    static constexpr std::uint64_t kSequence = 1;
    static constexpr std::uint64_t kNeedsIncrementalState = 2;

    /// The strings of one kind that have a number.
    class Names {
      public:
        std::uint32_t intern(std::string_view name);
        bool has_news() const { return !news_.empty(); }
        void write_news(ProtoWriter& out, std::uint32_t field);

      private:
        struct Hash {
            using is_transparent = void;
            std::size_t operator()(std::string_view text) const {
                return std::hash<std::string_view>{}(text);
            }
        };
        std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
        /// Not sent yet; the map's keys stay where they are.
        std::vector<std::pair<std::uint32_t, std::string_view>> news_;
    };

    ProtoWriter& open_packet() {
        out_ = &file_.begin_packet();
        packet_ = out_->open(kPacket);
        out_->varint(kSequenceId, kSequence);
        return *out_;
    }
    ProtoWriter& open_packet(std::uint64_t at_ns) {
        ProtoWriter& out = open_packet();
        out.varint(kTimestamp, at_ns);
        out.varint(kSequenceFlags, kNeedsIncrementalState);
        return out;
    }
    void close_packet() {
        out_->close(packet_);
        file_.end_packet();
    }
    ProtoWriter::Nested open_track(std::uint64_t track, std::uint64_t parent,
                                   std::string_view name);
    void close_track(ProtoWriter::Nested descriptor);
    void write_clocks(ProtoWriter& out, const TraceClocks& clocks);
    ProtoWriter::Nested open_annotation(std::string_view name);
    void write_interned();

    TraceFile& file_;
    ProtoWriter* out_ = nullptr; ///< of the packet that is open
    ProtoWriter::Nested packet_;
    ProtoWriter::Nested event_;
    Names event_names_;
    Names annotation_names_;
};

} // namespace tactus
