// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The mode "buffer": it fills up, and stays full.
#include "jitter_fixture.h"

namespace tactus {

namespace {

using JitterBufferFillingTest = JitterFixture;

TEST_F(JitterBufferFillingTest, FillsUpBeforeItPlaysInModeBuffer) {
    JitterConfig config = fixed(1000);
    config.mode = JitterMode::buffer;
    start(config);
    arrive_all(0, 40);
    EXPECT_TRUE(pushed().empty());
    EXPECT_GT(buffer_->percent(), 50);
    EXPECT_LT(buffer_->percent(), 100);
    arrive_all(40, 46);
    EXPECT_EQ(buffer_->percent(), 100);
    EXPECT_FALSE(pushed().empty());
}

TEST_F(JitterBufferFillingTest, StaysFullInModeBufferWhileItPlaysAtTheSendersPace) {
    JitterConfig config = fixed(400);
    config.mode = JitterMode::buffer;
    // Times count from 0, wherever the first packet is; the sink needs a packet `latency` later.
    for (const std::int64_t begin_ms : {0, 50, 150}) {
        SCOPED_TRACE(begin_ms);
        now_ns_ = 0;
        wake_ns_ = JitterBuffer::kNever;
        events_.clear();
        start(config);
        buffer_->pin_timeline(make(0).timestamp, kRate, 0);
        arrive_all(0, 300, begin_ms * kMs);
        EXPECT_EQ(buffer_->percent(), 100);
        std::size_t full = 0;
        for (const Event& event : of(Kind::buffering))
            full += event.action.percent == 100 ? 1 : 0;
        EXPECT_EQ(full, 1u);
        EXPECT_LE(of(Kind::buffering).size(), 20u);
        const auto out = of(Kind::push);
        ASSERT_GT(out.size(), 270u);
        for (std::size_t i = 50; i < out.size(); ++i) {
            EXPECT_EQ(out[i].at_ns - out[i - 1].at_ns, kSpacingNs) << i;
            EXPECT_LT(out[i].at_ns, out[i].action.stored.pts_ns + 400 * kMs) << i;
        }
        EXPECT_GE(buffer_->level_ns(), 60 * kMs);
    }
}

TEST_F(JitterBufferFillingTest, PlaysOutAtItsPaceWhenNothingComesAndThenFillsAgain) {
    JitterConfig config = fixed(400);
    config.mode = JitterMode::buffer;
    start(config);
    arrive_all(0, 100);
    ASSERT_EQ(buffer_->percent(), 100);
    const std::size_t before = of(Kind::push).size();
    run_to(now_ns_ + 200 * kMs);
    EXPECT_NEAR(static_cast<double>(of(Kind::push).size() - before), 10, 1);
    EXPECT_EQ(buffer_->percent(), 100);
    run_to(now_ns_ + 1000 * kMs);
    EXPECT_LT(buffer_->percent(), 20);
    const std::size_t held = 100 - pushed().size();
    EXPECT_GT(held, 0u) << "what is left waits for more";
    for (std::int64_t i = 100; i < 200; ++i)
        arrive(i, i * kSpacingNs + 1200 * kMs);
    EXPECT_EQ(buffer_->percent(), 100);
    const std::vector<std::int64_t> out = pushed();
    EXPECT_EQ(out, range(0, static_cast<std::int64_t>(out.size())));
    EXPECT_GT(out.size(), 170u);
}

TEST_F(JitterBufferFillingTest, IsNotTooLateInModeBufferForAnOffsetThatComesLater) {
    JitterConfig config = fixed(400);
    config.mode = JitterMode::buffer;
    start(config);
    arrive_all(0, 100);
    ASSERT_EQ(buffer_->percent(), 100);
    config.ts_offset_ns = -200 * kMs;
    buffer_->configure(config);
    arrive(100, 100 * kSpacingNs);
    const std::size_t before = of(Kind::push).size(); // the offset came too late for these
    arrive_all(101, 150);
    const auto out = of(Kind::push);
    ASSERT_GT(out.size(), before + 30);
    for (std::size_t i = before; i < out.size(); ++i)
        EXPECT_LT(out[i].at_ns, out[i].action.stored.pts_ns + 400 * kMs) << i;
}

TEST_F(JitterBufferFillingTest, HoldsNoMoreThanTheLatencyInModeBuffer) {
    JitterConfig config = fixed(400);
    config.mode = JitterMode::buffer;
    start(config);
    arrive_all(0, 50);
    // Silence in the sender's timestamps, then speech.
    for (std::int64_t i = 50; i < 150; ++i) {
        run_to((i + 100) * kSpacingNs);
        JitterPacket packet = make(i, i + 100);
        insert(packet);
        EXPECT_LE(buffer_->level_ns(), 420 * kMs);
    }
    EXPECT_EQ(buffer_->percent(), 100);
}

TEST_F(JitterBufferFillingTest, PlaysFromWhereItIsSetActiveInModeBuffer) {
    JitterConfig config = fixed(400);
    config.mode = JitterMode::buffer;
    start(config);
    arrive_all(0, 10);
    buffer_->set_active(false, 0);
    arrive_all(10, 40);
    ASSERT_TRUE(pushed().empty());
    buffer_->set_active(true, now_ns_);
    work();
    arrive_all(40, 100);
    EXPECT_EQ(buffer_->percent(), 100);
    for (const Event& event : of(Kind::push)) {
        EXPECT_LE(event.at_ns, event.action.stored.pts_ns + 400 * kMs);
        EXPECT_GE(event.at_ns, event.action.stored.pts_ns - 400 * kMs);
    }
}

TEST_F(JitterBufferFillingTest, IsFullAtOnceWhenItNoLongerBuffers) {
    JitterConfig config = fixed(200);
    config.mode = JitterMode::buffer;
    start(config);
    arrive_all(0, 5);
    ASSERT_LT(of(Kind::buffering).back().action.percent, 100);
    config.mode = JitterMode::slave;
    buffer_->configure(config);
    work();
    EXPECT_EQ(of(Kind::buffering).back().action.percent, 100);
    const std::size_t told = of(Kind::buffering).size();
    arrive_all(5, 20);
    EXPECT_EQ(of(Kind::buffering).size(), told);
    EXPECT_EQ(of(Kind::push).size(), 20u);
}

} // namespace

} // namespace tactus
