// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/trace/trace_timeline.h"

#include "perfetto_text.h"

#include <algorithm>
#include <fstream>
#include <random>

namespace tactus {

namespace {

constexpr std::uint64_t kStart_ns = 5'000'000'000'000;
constexpr std::uint64_t kMs = 1'000'000;
constexpr IdStamp kId{(std::uint64_t{7} << IdStamp::kSequenceBits) + 1, kStart_ns};

class TraceTimelineTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!has_protoc())
            GTEST_SKIP() << "protoc is not installed";
        std::string error;
        file_ = TraceFile::open(temporary_.path(), error);
        ASSERT_NE(file_, nullptr) << error;
        timeline_ = std::make_unique<TraceTimeline>(
            *file_, TraceTimeline::Process{4321, "the process"},
            TraceClocks{kStart_ns, kStart_ns + 1, kStart_ns + 2, kStart_ns + 3});
        timeline_->element_added({1, 9, "src", "pipe/src", "videotestsrc", true, false});
        timeline_->element_added({2, 9, "queue0", "pipe/queue0", "queue", false, false});
        timeline_->element_added({3, 9, "sink", "pipe/sink", "fakesink", false, true});
        timeline_->thread_added({1, 1001, "src:src"});
        timeline_->thread_added({2, 1002, "queue0:src"});
    }

    static PushBegan began(std::uint64_t at_ns, std::uint32_t thread, std::uint32_t src,
                           std::uint32_t dst, IdStamp id = kId) {
        PushBegan push;
        push.at_ns = at_ns;
        push.thread = thread;
        push.src_element = src;
        push.dst_element = dst;
        push.buffer_id = id.id;
        push.origins = {id, id, false};
        push.size_bytes = 1000;
        push.is_first = src == 1;
        push.is_last = dst == 3;
        return push;
    }
    static PushEnded ended(std::uint64_t at_ns, const PushBegan& push) {
        return {at_ns, push.at_ns, 0, push.thread, push.dst_element, 0};
    }
    static Residence waited(std::uint32_t element, std::uint64_t in_ns, std::uint64_t out_ns,
                            IdStamp id = kId) {
        return {element, id.id, {id, id, false}, in_ns, out_ns, 1, 2, true};
    }
    static IdStamp next_id() {
        static std::uint64_t sequence = 100;
        return {kId.id + ++sequence, kStart_ns};
    }

    /// Writes all out and reads it back. Call once.
    const TraceIndex& read(std::uint64_t close_ns = kStart_ns + 1000 * kMs) {
        timeline_->close(close_ns);
        return read_as_is();
    }
    const TraceIndex& read_as_is() {
        EXPECT_FALSE(file_->failed()) << file_->error();
        EXPECT_EQ(file_->packets_lost(), 0u);
        trace_ = decode_trace(temporary_.path());
        index_ = std::make_unique<TraceIndex>(trace_);
        return *index_;
    }
    std::vector<std::string> told(const std::string& track) const {
        std::vector<std::string> all;
        for (const TextMessage* packet : index_->events(track)) {
            const std::string type = packet->text("track_event.type").substr(5);
            all.push_back(
                std::to_string(packet->number("timestamp") - kStart_ns) + " " + type +
                (type == "SLICE_END" || type == "COUNTER" ? "" : " " + index_->name_of(*packet)));
        }
        return all;
    }
    std::vector<std::string> values(const std::string& track) const {
        std::vector<std::string> all;
        for (const TextMessage* packet : index_->events(track)) {
            const auto& event = *packet->find("track_event");
            all.push_back(std::to_string(packet->number("timestamp") - kStart_ns) + " " +
                          event.text("counter_value") + event.text("double_counter_value"));
        }
        return all;
    }

    TemporaryFile temporary_;
    std::unique_ptr<TraceFile> file_;
    std::unique_ptr<TraceTimeline> timeline_;
    TextMessage trace_;
    std::unique_ptr<TraceIndex> index_;
};

using Lines = std::vector<std::string>;

TEST_F(TraceTimelineTest, BeginsWithTheClocksAndAClearedState) {
    read();
    const TextMessage& first = trace_.fields.front();
    EXPECT_EQ(first.number("sequence_flags"), 1u);
    EXPECT_EQ(first.text("first_packet_on_sequence"), "true");
    EXPECT_EQ(first.number("trace_packet_defaults.timestamp_clock_id"), 3u);
    const TextMessage& snapshot = *first.find("clock_snapshot");
    EXPECT_EQ(snapshot.text("primary_trace_clock"), "BUILTIN_CLOCK_MONOTONIC");
    std::map<std::uint64_t, std::uint64_t> clocks;
    for (const TextMessage& field : snapshot.fields) {
        if (field.name == "clocks")
            clocks[field.number("clock_id")] = field.number("timestamp") - kStart_ns;
    }
    EXPECT_EQ(clocks, (std::map<std::uint64_t, std::uint64_t>{{3, 0}, {5, 1}, {6, 2}, {1, 3}}));
}

TEST_F(TraceTimelineTest, GivesEachThreadATrackOfTheProcess) {
    const TraceIndex& index = read();
    const auto process = index.track_by_name.at("the process");
    EXPECT_EQ(index.tracks.at(process)->number("process.pid"), 4321u);
    const auto* thread = index.tracks.at(index.track_by_name.at("queue0:src"));
    EXPECT_EQ(thread->number("parent_uuid"), process);
    EXPECT_EQ(thread->number("thread.pid"), 4321u);
    EXPECT_EQ(thread->number("thread.tid"), 1002u);
}

TEST_F(TraceTimelineTest, NestsPushesWithinPushesOfAThread) {
    const auto outer = began(kStart_ns + 10, 1, 1, 2);
    const auto inner = began(kStart_ns + 20, 1, 2, 3);
    timeline_->push_began(outer);
    timeline_->push_began(inner);
    timeline_->push_ended(ended(kStart_ns + 30, inner));
    auto end = ended(kStart_ns + 40, outer);
    end.flow = -2;
    timeline_->push_ended(end);
    const TraceIndex& index = read();
    expect_sound_slices(index);
    EXPECT_EQ(told("src:src"), (Lines{"10 SLICE_BEGIN queue0", "20 SLICE_BEGIN sink",
                                      "30 SLICE_END", "40 SLICE_END"}));
    EXPECT_TRUE(index.annotations(*index.events("src:src")[2]).empty());
    EXPECT_EQ(index.annotations(*index.events("src:src")[3]).at("flow"), "-2");
}

TEST_F(TraceTimelineTest, FollowsABufferFromSourceToSinkAcrossThreads) {
    const auto first = began(kStart_ns + 10, 1, 1, 2);
    const auto second = began(kStart_ns + 500, 2, 2, 3);
    timeline_->push_began(first);
    timeline_->push_ended(ended(kStart_ns + 20, first));
    timeline_->left(waited(2, kStart_ns + 10, kStart_ns + 500));
    timeline_->push_began(second);
    timeline_->push_ended(ended(kStart_ns + 600, second));
    const TraceIndex& index = read();
    expect_sound_slices(index);
    std::map<std::uint64_t, std::string> steps; // by time, then by place in the file
    std::uint64_t place = 0;
    for (const TextMessage& packet : trace_.fields) {
        const auto* event = packet.find("track_event");
        if (event == nullptr)
            continue;
        for (const auto id : event->numbers("flow_ids")) {
            EXPECT_EQ(id, kId.id);
            steps[(packet.number("timestamp") << 8) + ++place] = index.name_of(packet) + " on";
        }
        for (const auto id : event->numbers("terminating_flow_ids")) {
            EXPECT_EQ(id, kId.id);
            steps[(packet.number("timestamp") << 8) + ++place] = index.name_of(packet) + " end";
        }
    }
    Lines in_order;
    for (const auto& [at, what] : steps)
        in_order.push_back(what);
    EXPECT_EQ(in_order, (Lines{"queue0 on", "queue0 on", "sink end"}));
}

TEST_F(TraceTimelineTest, LinksADerivedBufferToItsOldestOriginWithoutEndingThatFlow) {
    auto push = began(kStart_ns + 10, 1, 1, 3);
    const IdStamp oldest{kId.id + 5, kStart_ns};
    push.origins = {oldest, kId, true};
    timeline_->push_began(push);
    const TraceIndex& index = read();
    const TextMessage& packet = *index.events("src:src").front();
    const TextMessage& event = *packet.find("track_event");
    EXPECT_EQ(event.numbers("flow_ids"), std::vector<std::uint64_t>{oldest.id});
    EXPECT_EQ(event.numbers("terminating_flow_ids"), std::vector<std::uint64_t>{kId.id});
    EXPECT_EQ(index.annotations(packet).at("origin inferred"), "true");
}

TEST_F(TraceTimelineTest, DrawsAPushWithoutAnEndAsAnInstant) {
    auto push = began(kStart_ns + 10, 1, 1, 2);
    push.has_end = false;
    timeline_->push_began(push);
    read();
    EXPECT_EQ(told("src:src"), (Lines{"10 INSTANT queue0"}));
}

TEST_F(TraceTimelineTest, IgnoresAnEndThatBelongsToNoSliceAndEndsWhatIsNestedInTheRightOne) {
    const auto outer = began(kStart_ns + 10, 1, 1, 2);
    const auto inner = began(kStart_ns + 20, 1, 2, 3);
    const auto other = began(kStart_ns + 15, 1, 2, 3);
    timeline_->push_ended(ended(kStart_ns + 5, outer));
    timeline_->push_began(outer);
    timeline_->push_ended(ended(kStart_ns + 16, other));
    timeline_->push_began(inner);
    timeline_->push_ended(ended(kStart_ns + 40, outer));
    const TraceIndex& index = read();
    expect_sound_slices(index);
    EXPECT_EQ(told("src:src"), (Lines{"10 SLICE_BEGIN queue0", "20 SLICE_BEGIN sink",
                                      "40 SLICE_END", "40 SLICE_END"}));
}

TEST_F(TraceTimelineTest, EndsOpenSlicesWhenRecordsAreLost) {
    const auto lost_end = began(kStart_ns + 10, 1, 1, 2);
    timeline_->push_began(lost_end);
    timeline_->incident({IncidentKind::records_lost, kStart_ns + 50, 12, "src:src"});
    const auto next = began(kStart_ns + 60, 1, 1, 2);
    timeline_->push_began(next);
    timeline_->push_ended(ended(kStart_ns + 70, lost_end));
    timeline_->push_ended(ended(kStart_ns + 80, next));
    const TraceIndex& index = read();
    expect_sound_slices(index);
    EXPECT_EQ(told("src:src"), (Lines{"10 SLICE_BEGIN queue0", "50 SLICE_END",
                                      "60 SLICE_BEGIN queue0", "80 SLICE_END"}));
    EXPECT_EQ(told("incidents"), (Lines{"50 INSTANT records lost"}));
    EXPECT_EQ(index.annotations(*index.events("incidents")[0]),
              (std::map<std::string, std::string>{{"records", "12"}, {"subject", "src:src"}}));
}

TEST_F(TraceTimelineTest, EndsOpenSlicesWhenItIsClosed) {
    timeline_->push_began(began(kStart_ns + 10, 1, 1, 2));
    timeline_->push_began(began(kStart_ns + 20, 1, 2, 3));
    expect_sound_slices(read(kStart_ns + 15));
    EXPECT_EQ(told("src:src"), (Lines{"10 SLICE_BEGIN queue0", "20 SLICE_BEGIN sink",
                                      "20 SLICE_END", "20 SLICE_END"}));
}

TEST_F(TraceTimelineTest, NestsUpToALimitAndCountsTheRest) {
    std::vector<PushBegan> pushes;
    for (std::uint64_t i = 0; i < TraceTimeline::kMaxDepth + 10; ++i)
        pushes.push_back(began(kStart_ns + i, 1, 1, 2));
    for (const PushBegan& push : pushes)
        timeline_->push_began(push);
    std::reverse(pushes.begin(), pushes.end());
    for (const PushBegan& push : pushes)
        timeline_->push_ended(ended(kStart_ns + 1000, push));
    const TraceIndex& index = read();
    expect_sound_slices(index);
    EXPECT_EQ(index.events("src:src").size(), 2 * TraceTimeline::kMaxDepth);
    EXPECT_EQ(timeline_->left_out().pushes, 10u);
}

TEST_F(TraceTimelineTest, PutsOverlappingResidencesIntoLanesBelowTheQueue) {
    timeline_->left(waited(2, kStart_ns + 10, kStart_ns + 50));
    timeline_->left(waited(2, kStart_ns + 20, kStart_ns + 60));
    timeline_->left(waited(2, kStart_ns + 50, kStart_ns + 70));
    const TraceIndex& index = read();
    expect_sound_slices(index);
    EXPECT_EQ(told("queue0 (queue) lane 1"), (Lines{"10 SLICE_BEGIN queue0", "50 SLICE_END",
                                                    "50 SLICE_BEGIN queue0", "70 SLICE_END"}));
    EXPECT_EQ(told("queue0 (queue) lane 2"), (Lines{"20 SLICE_BEGIN queue0", "60 SLICE_END"}));
    const auto* lane = index.tracks.at(index.track_by_name.at("queue0 (queue) lane 2"));
    EXPECT_EQ(lane->number("parent_uuid"), index.track_by_name.at("queue0 (queue)"));
}

TEST_F(TraceTimelineTest, NeverOverlapsSlicesOfALaneUnderRandomResidences) {
    std::mt19937_64 random(3);
    for (std::uint64_t i = 0; i < 5000; ++i) {
        const std::uint64_t in_ns = kStart_ns + i * 100 + random() % 5000;
        timeline_->left(waited(2, in_ns, in_ns + random() % 10000, next_id()));
    }
    const TraceIndex& index = read();
    std::size_t slices = 0;
    for (const auto& [track, packets] : index.packets) {
        if (!index.tracks.at(track)->text("name").starts_with("queue0 (queue) lane"))
            continue;
        for (std::size_t i = 0; i < packets.size(); ++i, ++slices) // begin and end take turns
            ASSERT_EQ(packets[i]->text("track_event.type"),
                      i % 2 == 0 ? "TYPE_SLICE_BEGIN" : "TYPE_SLICE_END");
    }
    expect_sound_slices(index);
    EXPECT_EQ(slices / 2 + timeline_->left_out().residences, 5000u);
    EXPECT_LE(index.track_by_name.size(), LaneSet::kMaxLanes + 20);
}

TEST_F(TraceTimelineTest, CountsHowManyBuffersAreInAQueue) {
    for (std::uint64_t i = 0; i < 3; ++i) {
        const auto push = began(kStart_ns + 10 * i, 1, 1, 2);
        timeline_->push_began(push);
        timeline_->push_ended(ended(kStart_ns + 10 * i + 1, push));
    }
    timeline_->left(waited(2, kStart_ns, kStart_ns + 100));
    timeline_->push_began(began(kStart_ns + 110, 1, 1, 2));
    timeline_->dropped({2, kId.id, kStart_ns + 10, kStart_ns + 120});
    timeline_->left(waited(2, kStart_ns + 20, kStart_ns + 130));
    read();
    EXPECT_EQ(values("queue0 level"), (Lines{"100 2", "110 3", "120 2", "130 1"}));
    const auto* counter = index_->tracks.at(index_->track_by_name.at("queue0 level"));
    EXPECT_EQ(counter->text("counter.unit_name"), "buffers");
}

TEST_F(TraceTimelineTest, CountsDropsAndMarksEach) {
    timeline_->dropped({2, kId.id, kStart_ns + 10, kStart_ns + 20});
    timeline_->dropped({2, kId.id + 1, kStart_ns + 11, kStart_ns + 21});
    const TraceIndex& index = read();
    EXPECT_EQ(values("queue0 drops"), (Lines{"20 1", "21 2"}));
    EXPECT_EQ(told("incidents"), (Lines{"20 INSTANT drop", "21 INSTANT drop"}));
    const TextMessage& drop = *index.events("incidents")[1];
    EXPECT_EQ(drop.find("track_event")->numbers("flow_ids"),
              std::vector<std::uint64_t>{kId.id + 1});
    EXPECT_EQ(index.annotations(drop),
              (std::map<std::string, std::string>{{"element", "queue0"},
                                                  {"entered ns", std::to_string(kStart_ns + 11)}}));
}

TEST_F(TraceTimelineTest, MeasuresTheBitrateBetweenElements) {
    const auto push_at = [this](std::uint64_t ms) {
        const auto push = began(kStart_ns + ms * kMs, 1, 1, 2);
        timeline_->push_began(push);
        timeline_->push_ended(ended(kStart_ns + ms * kMs + 1, push));
    };
    for (std::uint64_t ms = 0; ms < 1000; ms += 100)
        push_at(ms);                          // 5 pushes of 1000 bytes in 0.5 s
    timeline_->flush(kStart_ns + 1000 * kMs); // the same
    timeline_->flush(kStart_ns + 1500 * kMs); // silence
    timeline_->flush(kStart_ns + 2000 * kMs);
    push_at(3000);
    read(kStart_ns + 3250 * kMs);
    EXPECT_EQ(values("src -> queue0 bitrate"),
              (Lines{"0 80000", "500000000 80000", "1000000000 0", "3000000000 32000"}));
}

TEST_F(TraceTimelineTest, DrawsGpuWorkInLanesWithTicksAndBound) {
    GpuWork work;
    work.buffer_id = kId.id;
    work.device = "llvmpipe";
    work.queue = "compute 0";
    work.label = "blur";
    work.method = "calibrated";
    work.begin_ticks = UINT64_MAX;
    work.end_ticks = 12;
    work.begin_ns = kStart_ns + 100;
    work.end_ns = kStart_ns + 200;
    work.bound_ns = 90;
    work.skew_ppm = -1.5;
    timeline_->gpu_worked(work);
    work.begin_ns = kStart_ns + 150;
    work.end_ns = kStart_ns + 140; // a driver that is wrong
    timeline_->gpu_worked(work);
    const TraceIndex& index = read();
    expect_sound_slices(index);
    EXPECT_EQ(told("GPU llvmpipe compute 0 lane 1"),
              (Lines{"100 SLICE_BEGIN blur", "200 SLICE_END"}));
    EXPECT_EQ(told("GPU llvmpipe compute 0 lane 2"),
              (Lines{"150 SLICE_BEGIN blur", "150 SLICE_END"}));
    const TextMessage& begin = *index.events("GPU llvmpipe compute 0 lane 1")[0];
    EXPECT_EQ(index.annotations(begin),
              (std::map<std::string, std::string>{{"begin ticks", "18446744073709551615"},
                                                  {"end ticks", "12"},
                                                  {"bound ns", "90"},
                                                  {"skew ppm", "-1.5"},
                                                  {"method", "calibrated"}}));
    EXPECT_EQ(begin.find("track_event")->numbers("flow_ids"), std::vector<std::uint64_t>{kId.id});
}

TEST_F(TraceTimelineTest, DrawsIncidentsAndSamples) {
    timeline_->incident({IncidentKind::stall, kStart_ns + 1, 25'000'000, "other"});
    timeline_->incident({IncidentKind::clock_jump, kStart_ns + 2, -7, "realtime"});
    timeline_->sampled({kStart_ns + 3, "clock realtime offset", "ns", 1.25});
    timeline_->sampled({kStart_ns + 4, "clock realtime drift", "ppm", -2});
    timeline_->sampled({kStart_ns + 5, "clock realtime offset", "ns", 2});
    const TraceIndex& index = read();
    EXPECT_EQ(told("incidents"), (Lines{"1 INSTANT stall", "2 INSTANT clock jump"}));
    EXPECT_EQ(index.annotations(*index.events("incidents")[1]),
              (std::map<std::string, std::string>{{"ns", "-7"}, {"subject", "realtime"}}));
    EXPECT_EQ(values("clock realtime offset"), (Lines{"3 1.25", "5 2"}));
    const auto track = [&index](const std::string& name) {
        return index.tracks.at(index.track_by_name.at(name));
    };
    EXPECT_EQ(track("clock realtime offset")->text("counter.unit"), "UNIT_TIME_NS");
    EXPECT_EQ(track("clock realtime drift")->text("counter.unit_name"), "ppm");
}

TEST_F(TraceTimelineTest, TellsElementsOfOneNameApart) {
    timeline_->element_added({4, 10, "queue0", "pipe2/queue0", "queue", false, false});
    timeline_->element_added({5, 11, "queue0", "pipe2/queue0", "queue", false, false});
    for (const std::uint32_t element : {2u, 4u, 5u})
        timeline_->left(waited(element, kStart_ns, kStart_ns + 5));
    const TraceIndex& index = read();
    EXPECT_TRUE(index.track_by_name.contains("queue0 (queue)"));
    EXPECT_TRUE(index.track_by_name.contains("pipe2/queue0 (queue)"));
    EXPECT_TRUE(index.track_by_name.contains("pipe2/queue0 5 (queue)"));
}

TEST_F(TraceTimelineTest, DrawsWhatItWasNotToldOf) {
    const auto push = began(kStart_ns + 1, 77, 88, 99);
    timeline_->push_began(push);
    timeline_->push_ended(ended(kStart_ns + 2, push));
    timeline_->push_began(began(kStart_ns + 3, TraceTimeline::kMaxThreads + 1, 0, 0));
    read();
    EXPECT_EQ(told("thread 77"), (Lines{"1 SLICE_BEGIN unknown element", "2 SLICE_END"}));
    EXPECT_EQ(timeline_->left_out().pushes, 1u);
}

TEST_F(TraceTimelineTest, CutsLongNamesAtACharacter) {
    std::string name;
    for (int i = 0; i < 1000; ++i)
        name += "\xc3\xa4"; // ä
    timeline_->element_added({4, 9, "a" + name, "pipe/x", "", false, false});
    timeline_->push_began(began(kStart_ns, 1, 1, 4));
    const TraceIndex& index = read();
    const std::string cut = index.name_of(*index.events("src:src").front());
    EXPECT_EQ(cut.size(), 1 + 511 * 8u); // protoc prints \303\244
    EXPECT_TRUE(cut.ends_with("\\303\\244"));
}

TEST_F(TraceTimelineTest, IsReadableAfterEachFlush) {
    for (std::uint64_t i = 0; i < 5; ++i) {
        const std::uint64_t at_ns = kStart_ns + 100 * i;
        timeline_->push_began(began(at_ns, 1, 1, 2, next_id()));
        timeline_->left(waited(2, at_ns, at_ns + 500));
        timeline_->flush(at_ns);
        expect_sound_slices(read_as_is(), false);
        EXPECT_EQ(index_->events("src:src").size(), i + 1);
    }
}

/// The bytes of all whole packets at the beginning of `bytes`.
std::size_t whole_packets(const std::string& bytes) {
    std::size_t whole = 0;
    for (std::size_t at = 0; at < bytes.size(); whole = at) {
        EXPECT_EQ(bytes[at], 10); // field 1, length-delimited
        ++at;
        std::size_t length = 0;
        bool more = true;
        for (unsigned shift = 0; more && at < bytes.size(); shift += 7) {
            length |= static_cast<std::size_t>(bytes[at] & 0x7f) << shift;
            more = (bytes[at++] & 0x80) != 0;
        }
        if (more || at + length > bytes.size())
            break;
        at += length;
    }
    return whole;
}

// What a reader sees of a file whose program was killed, or whose copy was cut short.
TEST_F(TraceTimelineTest, IsReadableUpToTheLastWholePacketWhereverItIsCut) {
    for (std::uint64_t i = 0; i < 20; ++i) {
        const auto push = began(kStart_ns + 100 * i, 1, 1, 2, next_id());
        timeline_->push_began(push);
        timeline_->push_ended(ended(kStart_ns + 100 * i + 50, push));
        timeline_->left(waited(2, push.at_ns, push.at_ns + 500));
        timeline_->dropped({2, kId.id, push.at_ns, push.at_ns + 1});
    }
    timeline_->flush(kStart_ns + 5000);
    std::ifstream in(temporary_.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    ASSERT_EQ(whole_packets(bytes), bytes.size());
    std::size_t packets = 0;
    for (std::size_t cut = 150; cut < bytes.size(); cut += 151) {
        const std::size_t whole = whole_packets(bytes.substr(0, cut));
        EXPECT_LE(whole, cut);
        std::ofstream(temporary_.path(), std::ios::binary)
            .write(bytes.data(), static_cast<long>(whole));
        expect_sound_slices(read_as_is(), false);
        EXPECT_GE(trace_.fields.size(), packets);
        packets = trace_.fields.size();
    }
    EXPECT_GT(packets, 100u);
}

} // namespace

} // namespace tactus
