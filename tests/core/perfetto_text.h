// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <istream>
#include <map>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace tactus {

/// A message as protoc prints it: fields with a value, or with fields of their own.
struct TextMessage {
    std::string name;
    std::string value;
    std::vector<TextMessage> fields;

    const TextMessage* find(const std::string& field) const {
        for (const TextMessage& f : fields) {
            if (f.name == field)
                return &f;
        }
        return nullptr;
    }
    bool has(const std::string& field) const { return find(field) != nullptr; }
    /// The value of a field below this one, "track_event.type"; empty if there is none.
    std::string text(const std::string& path) const {
        const auto dot = path.find('.');
        const TextMessage* below = find(path.substr(0, dot));
        if (below == nullptr)
            return {};
        return dot == std::string::npos ? below->value : below->text(path.substr(dot + 1));
    }
    std::uint64_t number(const std::string& path) const {
        return std::strtoull(text(path).c_str(), nullptr, 10);
    }
    std::vector<std::uint64_t> numbers(const std::string& field) const {
        std::vector<std::uint64_t> all;
        for (const TextMessage& f : fields) {
            if (f.name == field)
                all.push_back(std::strtoull(f.value.c_str(), nullptr, 10));
        }
        return all;
    }
};

inline void read_fields(std::istream& in, TextMessage& into) {
    std::string line;
    while (std::getline(in, line)) {
        line.erase(0, line.find_first_not_of(' '));
        if (line == "}")
            return;
        TextMessage field;
        if (line.ends_with(" {")) {
            field.name = line.substr(0, line.size() - 2);
            read_fields(in, field);
        } else {
            const auto colon = line.find(": ");
            field.name = line.substr(0, colon);
            field.value = line.substr(colon + 2);
            if (field.value.starts_with('"'))
                field.value = field.value.substr(1, field.value.size() - 2);
        }
        // protoc prints the number of a field that the schema does not have.
        EXPECT_FALSE(field.name.empty() || std::isdigit(static_cast<unsigned char>(field.name[0])))
            << line;
        into.fields.push_back(std::move(field));
    }
}

inline bool has_protoc() {
    return std::system("command -v protoc >/dev/null 2>&1") == 0; // NOLINT(concurrency-mt-unsafe)
}

/// The trace in `path`, decoded by protoc with the schema in tests/support.
inline TextMessage decode_trace(const std::string& path) {
    TextMessage trace;
    const std::string command = "protoc --decode=perfetto.protos.Trace -I '" TACTUS_TEST_SUPPORT
                                "' perfetto_subset.proto < '" +
                                path + "'";
    std::FILE* output = popen(command.c_str(), "r");
    if (output == nullptr) {
        ADD_FAILURE() << "cannot run: " << command;
        return trace;
    }
    std::string text;
    char chunk[65536];
    for (std::size_t n = 0; (n = std::fread(chunk, 1, sizeof chunk, output)) > 0;)
        text.append(chunk, n);
    EXPECT_EQ(pclose(output), 0) << command;
    std::istringstream lines(text);
    read_fields(lines, trace);
    return trace;
}

/// Tracks and interned names of a decoded trace, checked while they are gathered.
struct TraceIndex {
    std::map<std::uint64_t, const TextMessage*> tracks;
    std::map<std::string, std::uint64_t> track_by_name;
    std::map<std::uint64_t, std::string> event_names;
    std::map<std::uint64_t, std::string> annotation_names;
    std::map<std::uint64_t, std::vector<const TextMessage*>> packets; ///< with events, by track

    explicit TraceIndex(const TextMessage& trace) {
        for (const TextMessage& packet : trace.fields) {
            EXPECT_EQ(packet.number("trusted_packet_sequence_id"), 1u);
            if (const auto* descriptor = packet.find("track_descriptor"))
                add_track(*descriptor);
            if (const auto* interned = packet.find("interned_data")) {
                add_names(*interned, "event_names", event_names);
                add_names(*interned, "debug_annotation_names", annotation_names);
            }
            if (packet.has("track_event"))
                add_event(packet);
        }
    }

    std::string name_of(const TextMessage& packet) const {
        const auto* event = packet.find("track_event");
        return event->has("name") ? event->text("name") : event_names.at(event->number("name_iid"));
    }
    /// The annotations of an event: "name=value".
    std::map<std::string, std::string> annotations(const TextMessage& packet) const {
        std::map<std::string, std::string> all;
        for (const TextMessage& field : packet.find("track_event")->fields) {
            if (field.name != "debug_annotations")
                continue;
            const std::string name = field.has("name")
                                         ? field.text("name")
                                         : annotation_names.at(field.number("name_iid"));
            all[name] = field.fields.back().value;
        }
        return all;
    }
    const std::vector<const TextMessage*>& events(const std::string& track) const {
        static const std::vector<const TextMessage*> none;
        const auto id = track_by_name.find(track);
        if (id == track_by_name.end()) {
            ADD_FAILURE() << "no track " << track;
            return none;
        }
        const auto of_track = packets.find(id->second);
        return of_track == packets.end() ? none : of_track->second;
    }

  private:
    void add_track(const TextMessage& descriptor) {
        const std::uint64_t id = descriptor.number("uuid");
        EXPECT_NE(id, 0u);
        if (descriptor.has("parent_uuid")) {
            EXPECT_TRUE(tracks.contains(descriptor.number("parent_uuid"))) << id;
        }
        tracks[id] = &descriptor;
        std::string name = descriptor.text("name");
        if (const auto* thread = descriptor.find("thread"))
            name = thread->text("thread_name");
        if (const auto* process = descriptor.find("process"))
            name = process->text("process_name");
        const auto [known, is_new] = track_by_name.emplace(name, id);
        EXPECT_TRUE(is_new || known->second == id) << "two tracks are called " << name;
    }
    static void add_names(const TextMessage& interned, const std::string& kind,
                          std::map<std::uint64_t, std::string>& names) {
        for (const TextMessage& entry : interned.fields) {
            if (entry.name != kind)
                continue;
            EXPECT_TRUE(names.emplace(entry.number("iid"), entry.text("name")).second)
                << entry.text("name");
        }
    }
    void add_event(const TextMessage& packet) {
        const auto* event = packet.find("track_event");
        const std::uint64_t track = event->number("track_uuid");
        EXPECT_TRUE(tracks.contains(track)) << "an event comes before its track " << track;
        EXPECT_EQ(packet.number("sequence_flags"), 2u);
        const std::string type = event->text("type");
        if (type == "TYPE_SLICE_BEGIN" || type == "TYPE_INSTANT") {
            EXPECT_FALSE(name_of(packet).empty());
        }
        if (tracks.contains(track)) {
            EXPECT_EQ(tracks[track]->has("counter"), type == "TYPE_COUNTER");
        }
        (void)annotations(packet); // throws on a name that was not interned before
        packets[track].push_back(&packet);
    }
};

/// Each track's slices nest, end (unless told otherwise) and are in order of time.
inline void expect_sound_slices(const TraceIndex& index, bool all_ended = true) {
    for (const auto& [track, packets] : index.packets) {
        std::uint64_t last_ns = 0;
        int depth = 0;
        for (const TextMessage* packet : packets) {
            const std::string type = packet->text("track_event.type");
            if (type == "TYPE_COUNTER" || type == "TYPE_INSTANT")
                continue;
            EXPECT_GE(packet->number("timestamp"), last_ns) << "track " << track;
            last_ns = packet->number("timestamp");
            depth += type == "TYPE_SLICE_BEGIN" ? 1 : -1;
            EXPECT_GE(depth, 0) << "track " << track;
        }
        if (all_ended) {
            EXPECT_EQ(depth, 0) << "track " << track;
        }
    }
}

/// A name for a file of this test that goes with it.
class TemporaryFile {
  public:
    TemporaryFile() {
        const int fd = mkstemp(name_);
        EXPECT_GE(fd, 0);
        close(fd);
    }
    ~TemporaryFile() { unlink(name_); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    std::string path() const { return name_; }

  private:
    char name_[32] = "tactus-trace-XXXXXX";
};

} // namespace tactus
