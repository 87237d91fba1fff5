// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/trace/perfetto_encoder.h"

namespace tactus {

namespace {

enum PacketField : std::uint32_t {
    kClockSnapshot = 6,
    kInternedData = 12,
    kDefaults = 59,
    kTrackDescriptor = 60,
    kFirstOnSequence = 87,
};
enum DefaultsField : std::uint32_t { kDefaultClock = 58 };
enum SnapshotField : std::uint32_t { kClock = 1, kPrimaryClock = 2 };
enum ClockField : std::uint32_t { kClockId = 1, kClockTime = 2 };
enum TrackField : std::uint32_t {
    kTrackId = 1,
    kTrackName = 2,
    kTrackProcess = 3,
    kTrackThread = 4,
    kTrackParent = 5,
    kTrackCounter = 8,
};
enum ProcessField : std::uint32_t { kProcessPid = 1, kProcessName = 6 };
enum ThreadField : std::uint32_t { kThreadPid = 1, kThreadTid = 2, kThreadName = 5 };
enum CounterField : std::uint32_t { kCounterUnit = 3, kCounterUnitName = 6 };
enum EventField : std::uint32_t { kEventAnnotation = 4, kEventName = 23 };
enum AnnotationField : std::uint32_t {
    kAnnotationNameId = 1,
    kAnnotationBool = 2,
    kAnnotationUint = 3,
    kAnnotationInt = 4,
    kAnnotationReal = 5,
    kAnnotationText = 6,
    kAnnotationName = 10,
};
enum InternedField : std::uint32_t { kEventNames = 2, kAnnotationNames = 3 };
enum InternedNameField : std::uint32_t { kNameId = 1, kNameText = 2 };

enum BuiltinClock : std::uint32_t {
    kRealtime = 1,
    kMonotonic = 3,
    kMonotonicRaw = 5,
    kBoottime = 6,
};
enum Unit : std::uint32_t { kUnitNs = 1, kUnitCount = 2, kUnitBytes = 3 };

constexpr std::uint64_t kIncrementalStateCleared = 1;

std::string_view cut(std::string_view text) {
    if (text.size() <= PerfettoEncoder::kMaxTextBytes)
        return text;
    std::size_t length = PerfettoEncoder::kMaxTextBytes;
    // Bytes 10xxxxxx continue a character of UTF-8.
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80)
        --length;
    return text.substr(0, length);
}

void write_unit(ProtoWriter& out, std::string_view unit) {
    if (unit == "ns")
        out.varint(kCounterUnit, kUnitNs);
    else if (unit == "bytes")
        out.varint(kCounterUnit, kUnitBytes);
    else if (unit.empty())
        out.varint(kCounterUnit, kUnitCount);
    else
        out.text(kCounterUnitName, cut(unit));
}

} // namespace

std::uint32_t PerfettoEncoder::Names::intern(std::string_view name) {
    name = cut(name);
    if (const auto known = numbers_.find(name); known != numbers_.end())
        return known->second;
    if (numbers_.size() >= kMaxNames)
        return 0;
    const auto number = static_cast<std::uint32_t>(numbers_.size() + 1);
    const auto added = numbers_.emplace(name, number).first;
    news_.emplace_back(number, added->first);
    return number;
}

void PerfettoEncoder::Names::write_news(ProtoWriter& out, std::uint32_t field) {
    for (const auto& [number, text] : news_) {
        const auto entry = out.open(field);
        out.varint(kNameId, number);
        out.text(kNameText, text);
        out.close(entry);
    }
    news_.clear();
}

PerfettoEncoder::PerfettoEncoder(TraceFile& file, const TraceClocks& clocks) : file_(file) {
    ProtoWriter& out = open_packet();
    out.varint(kSequenceFlags, kIncrementalStateCleared);
    out.varint(kFirstOnSequence, 1);
    const auto defaults = out.open(kDefaults);
    out.varint(kDefaultClock, kMonotonic);
    out.close(defaults);
    write_clocks(out, clocks);
    close_packet();
}

void PerfettoEncoder::clocks(const TraceClocks& clocks) {
    write_clocks(open_packet(clocks.monotonic_ns), clocks);
    close_packet();
}

void PerfettoEncoder::write_clocks(ProtoWriter& out, const TraceClocks& clocks) {
    const struct {
        BuiltinClock id;
        std::uint64_t now_ns;
    } readings[] = {{kMonotonic, clocks.monotonic_ns},
                    {kMonotonicRaw, clocks.monotonic_raw_ns},
                    {kBoottime, clocks.boottime_ns},
                    {kRealtime, clocks.realtime_ns}};
    const auto snapshot = out.open(kClockSnapshot);
    for (const auto& reading : readings) {
        if (reading.now_ns == 0)
            continue;
        const auto clock = out.open(kClock);
        out.varint(kClockId, reading.id);
        out.varint(kClockTime, reading.now_ns);
        out.close(clock);
    }
    out.varint(kPrimaryClock, kMonotonic);
    out.close(snapshot);
}

ProtoWriter::Nested PerfettoEncoder::open_track(std::uint64_t track, std::uint64_t parent,
                                                std::string_view name) {
    ProtoWriter& out = open_packet();
    const auto descriptor = out.open(kTrackDescriptor);
    out.varint(kTrackId, track);
    if (parent != 0)
        out.varint(kTrackParent, parent);
    if (!name.empty())
        out.text(kTrackName, cut(name));
    return descriptor;
}

void PerfettoEncoder::close_track(ProtoWriter::Nested descriptor) {
    out_->close(descriptor);
    close_packet();
}

void PerfettoEncoder::process(std::uint64_t track, std::int32_t pid, std::string_view name) {
    const auto descriptor = open_track(track, 0, {});
    const auto process = out_->open(kTrackProcess);
    out_->int64(kProcessPid, pid);
    out_->text(kProcessName, cut(name));
    out_->close(process);
    close_track(descriptor);
}

void PerfettoEncoder::thread(std::uint64_t track, std::uint64_t process_track, std::int32_t pid,
                             std::int32_t tid, std::string_view name) {
    const auto descriptor = open_track(track, process_track, {});
    const auto thread = out_->open(kTrackThread);
    out_->int64(kThreadPid, pid);
    out_->int64(kThreadTid, tid);
    out_->text(kThreadName, cut(name));
    out_->close(thread);
    close_track(descriptor);
}

void PerfettoEncoder::track(std::uint64_t track, std::uint64_t parent, std::string_view name) {
    close_track(open_track(track, parent, name));
}

void PerfettoEncoder::counter(std::uint64_t track, std::uint64_t parent, std::string_view name,
                              std::string_view unit) {
    const auto descriptor = open_track(track, parent, name);
    const auto counter = out_->open(kTrackCounter);
    write_unit(*out_, unit);
    out_->close(counter);
    close_track(descriptor);
}

void PerfettoEncoder::name(std::string_view text) {
    if (const std::uint32_t interned = intern(text); interned != 0)
        name(interned);
    else
        out_->text(kEventName, cut(text));
}

ProtoWriter::Nested PerfettoEncoder::open_annotation(std::string_view name) {
    const auto annotation = out_->open(kEventAnnotation);
    if (const std::uint32_t interned = annotation_names_.intern(name); interned != 0)
        out_->varint(kAnnotationNameId, interned);
    else
        out_->text(kAnnotationName, cut(name));
    return annotation;
}

void PerfettoEncoder::annotate(std::string_view name, bool value) {
    const auto annotation = open_annotation(name);
    out_->varint(kAnnotationBool, value ? 1 : 0);
    out_->close(annotation);
}

void PerfettoEncoder::annotate(std::string_view name, std::int64_t value) {
    const auto annotation = open_annotation(name);
    out_->int64(kAnnotationInt, value);
    out_->close(annotation);
}

void PerfettoEncoder::annotate(std::string_view name, std::uint64_t value) {
    const auto annotation = open_annotation(name);
    out_->varint(kAnnotationUint, value);
    out_->close(annotation);
}

void PerfettoEncoder::annotate(std::string_view name, double value) {
    const auto annotation = open_annotation(name);
    out_->real(kAnnotationReal, value);
    out_->close(annotation);
}

void PerfettoEncoder::annotate(std::string_view name, std::string_view value) {
    const auto annotation = open_annotation(name);
    out_->text(kAnnotationText, cut(value));
    out_->close(annotation);
}

void PerfettoEncoder::write_interned() {
    const auto interned = out_->open(kInternedData);
    event_names_.write_news(*out_, kEventNames);
    annotation_names_.write_news(*out_, kAnnotationNames);
    out_->close(interned);
}

} // namespace tactus
