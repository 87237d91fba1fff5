// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/trace/perfetto_encoder.h"

#include "perfetto_text.h"

namespace tactus {

namespace {

using Event = PerfettoEncoder::Event;

class PerfettoEncoderTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!has_protoc())
            GTEST_SKIP() << "protoc is not installed";
        std::string error;
        file_ = TraceFile::open(temporary_.path(), error);
        ASSERT_NE(file_, nullptr) << error;
        encoder_ = std::make_unique<PerfettoEncoder>(*file_, TraceClocks{1, 0, 0, 0});
        encoder_->track(1, 0, "track");
    }
    const TraceIndex& read() {
        EXPECT_TRUE(file_->flush());
        EXPECT_EQ(file_->packets_lost(), 0u);
        trace_ = decode_trace(temporary_.path());
        index_ = std::make_unique<TraceIndex>(trace_);
        return *index_;
    }

    TemporaryFile temporary_;
    std::unique_ptr<TraceFile> file_;
    std::unique_ptr<PerfettoEncoder> encoder_;
    TextMessage trace_;
    std::unique_ptr<TraceIndex> index_;
};

TEST_F(PerfettoEncoderTest, WritesAnnotationsOfEveryKind) {
    encoder_->begin(Event::instant, 1, 10);
    encoder_->name("event");
    encoder_->annotate("bool", true);
    encoder_->annotate("int", std::int64_t{-5});
    encoder_->annotate("uint", UINT64_MAX);
    encoder_->annotate("real", 0.5);
    encoder_->annotate("text", std::string_view("a \"text\""));
    encoder_->end();
    const TraceIndex& index = read();
    EXPECT_EQ(index.annotations(*index.events("track").front()),
              (std::map<std::string, std::string>{{"bool", "true"},
                                                  {"int", "-5"},
                                                  {"uint", "18446744073709551615"},
                                                  {"real", "0.5"},
                                                  {"text", "a \\\"text\\\""}}));
}

TEST_F(PerfettoEncoderTest, SendsEachNameOnce) {
    for (const std::string_view name : {"a", "b", "a", "a", "b"}) {
        encoder_->begin(Event::instant, 1, 10);
        encoder_->name(name);
        encoder_->annotate("x", std::int64_t{1});
        encoder_->end();
    }
    const TraceIndex& index = read(); // which fails on a number that is given twice
    std::string names;
    for (const TextMessage* packet : index.events("track"))
        names += index.name_of(*packet);
    EXPECT_EQ(names, "abaab");
    EXPECT_EQ(index.event_names.size(), 2u);
    EXPECT_EQ(index.annotation_names.size(), 1u);
}

TEST_F(PerfettoEncoderTest, WritesNamesInFullBeyondTheLimit) {
    for (std::size_t i = 0; i < PerfettoEncoder::kMaxNames + 5; ++i) {
        encoder_->begin(Event::instant, 1, i);
        encoder_->name("name " + std::to_string(i));
        encoder_->end();
    }
    EXPECT_EQ(encoder_->intern("one more"), 0u);
    const TraceIndex& index = read();
    EXPECT_EQ(index.event_names.size(), PerfettoEncoder::kMaxNames);
    const auto& last = *index.events("track").back();
    EXPECT_EQ(last.text("track_event.name"),
              "name " + std::to_string(PerfettoEncoder::kMaxNames + 4));
}

TEST_F(PerfettoEncoderTest, KnowsTheUnitsOfTheFormat) {
    encoder_->counter(2, 1, "time", "ns");
    encoder_->counter(3, 1, "size", "bytes");
    encoder_->counter(4, 1, "number", "");
    encoder_->counter(5, 1, "rate", "bit/s");
    encoder_->begin(Event::counter, 5, 7);
    encoder_->value(2.5);
    encoder_->end();
    const TraceIndex& index = read();
    const auto counter = [&index](std::uint64_t track) {
        return *index.tracks.at(track)->find("counter");
    };
    EXPECT_EQ(counter(2).text("unit"), "UNIT_TIME_NS");
    EXPECT_EQ(counter(3).text("unit"), "UNIT_SIZE_BYTES");
    EXPECT_EQ(counter(4).text("unit"), "UNIT_COUNT");
    EXPECT_EQ(counter(5).text("unit_name"), "bit/s");
}

TEST_F(PerfettoEncoderTest, TellsTheClocksAgain) {
    encoder_->clocks({50, 51, 52, 53});
    read();
    const TextMessage& packet = trace_.fields.back();
    EXPECT_EQ(packet.number("timestamp"), 50u);
    std::size_t clocks = 0;
    for (const TextMessage& field : packet.find("clock_snapshot")->fields)
        clocks += field.name == "clocks" ? 1 : 0;
    EXPECT_EQ(clocks, 4u);
}

} // namespace

} // namespace tactus
