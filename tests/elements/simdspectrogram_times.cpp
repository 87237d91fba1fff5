// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where simdspectrogram begins and ends: jumps, gaps, flushes, segments, lateness.
#include "picture_feed.h"

#include <algorithm>

using namespace tactus;

TEST(SimdSpectrogram, EndsAStreamWithoutSound) {
    AudioFeed feed("simdspectrogram");
    feed.set_format(kFloat, 48'000, 1);
    EXPECT_TRUE(feed.end());
    EXPECT_TRUE(pull_all(feed).times.empty());
}

TEST(SimdSpectrogram, DrawsAllBeforeTheEndOfASegmentAndANewStream) {
    for (GstEvent* const event : {gst_event_new_stream_start("another"),
                                  gst_event_new_segment_done(GST_FORMAT_TIME, GST_SECOND)}) {
        AudioFeed feed(kPlain);
        want(feed, "GRAY8", 100, 50, "100/1");
        feed.set_format(kFloat, 48'000, 1);
        feed.push(float_noise_of(4800, 1));
        const std::size_t before = pull_all(feed).times.size();
        const char* const name = GST_EVENT_TYPE_NAME(event);
        feed.send(event);
        EXPECT_LT(before, 10U);
        EXPECT_EQ(before + pull_all(feed).times.size(), 10U) << name;
    }
}

TEST(SimdSpectrogram, BeginsAnewAtADiscontinuity) {
    AudioFeed feed(kPlain);
    want(feed, "GRAY8", 100, 50, "10/1");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(tone(1000, 24'000));
    feed.seek_to(480'000);
    feed.push(std::vector<float>(24'000));
    feed.end();
    const Pictures all = pull_all(feed);
    ASSERT_EQ(all.times.size(), 10U);
    EXPECT_EQ(all.times[4], 400 * GST_MSECOND);
    EXPECT_EQ(all.times[5], 10 * GST_SECOND);
    // Nothing of the tone is in it.
    EXPECT_EQ(*std::max_element(all.pixels[9].begin(), all.pixels[9].end()), 0);
    EXPECT_EQ(feed.stat("discontinuities"), 1U);
}

TEST(SimdSpectrogram, BeginsWithTheFirstSampleNotWithAnEmptyBuffer) {
    AudioFeed feed(kPlain);
    want(feed, "GRAY8", 100, 50, "10/1");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(std::vector<float>());
    feed.send(gst_event_new_gap(0, GST_SECOND));
    feed.seek_to(48'000);
    feed.push(tone(1000, 24'000));
    feed.end();
    const Pictures all = pull_all(feed);
    ASSERT_EQ(all.times.size(), 5U);
    EXPECT_EQ(all.times[0], GST_SECOND);
}

TEST(SimdSpectrogram, FollowsAClockThatDrifts) {
    for (const std::uint64_t buffer_us : {10'100U, 9'900U}) {
        AudioFeed feed(kPlain);
        want(feed, "GRAY8", 100, 50, "10/1");
        feed.set_format(kFloat, 48'000, 1);
        for (std::uint64_t i = 0; i < 1000; ++i) { // 10 ms each
            GstBuffer* const buffer = feed.make(std::vector<float>(480));
            GST_BUFFER_PTS(buffer) = i * buffer_us * GST_USECOND;
            feed.push(buffer);
        }
        feed.end();
        const Pictures all = pull_all(feed);
        // As long as the sound by its times, to within 10 ms.
        ASSERT_NEAR(static_cast<double>(all.times.size()), static_cast<double>(buffer_us) / 100, 1);
        for (std::size_t k = 0; k < all.times.size(); ++k)
            ASSERT_EQ(all.times[k], k * 100 * GST_MSECOND);
        EXPECT_EQ(feed.stat("discontinuities"), 0U);
    }
}

TEST(SimdSpectrogram, CountsOnWithoutTimestamps) {
    AudioFeed feed(kPlain);
    want(feed, "GRAY8", 100, 50, "10/1");
    feed.set_format(kFloat, 48'000, 1);
    for (int i = 0; i < 3; ++i) {
        GstBuffer* const buffer = feed.make(std::vector<float>(9600));
        GST_BUFFER_PTS(buffer) = GST_CLOCK_TIME_NONE;
        if (i == 2)
            GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
        feed.push(buffer);
    }
    feed.end();
    std::vector<GstClockTime> expected;
    for (std::size_t k = 0; k < 6; ++k)
        expected.push_back(k * 100 * GST_MSECOND);
    EXPECT_EQ(pull_all(feed).times, expected);
}

TEST(SimdSpectrogram, ForgetsAllInAFlush) {
    AudioFeed feed(kPlain);
    want(feed, "GRAY8", 100, 50, "10/1");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(tone(1000, 24'000));
    feed.send(gst_event_new_flush_start());
    feed.send(gst_event_new_flush_stop(TRUE));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    feed.send(gst_event_new_segment(&segment));
    pull_all(feed);
    feed.seek_to(0);
    feed.push(std::vector<float>(24'000));
    feed.end();
    const Pictures all = pull_all(feed);
    ASSERT_EQ(all.times.size(), 5U);
    EXPECT_EQ(all.times[0], 0U);
    EXPECT_EQ(*std::max_element(all.pixels[4].begin(), all.pixels[4].end()), 0);
}

TEST(SimdSpectrogram, DrawsOnlyWhatIsInTheSegment) {
    AudioFeed feed(kPlain);
    want(feed, "GRAY8", 100, 50, "10/1");
    feed.set_format(kFloat, 48'000, 1);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = segment.time = GST_SECOND / 2;
    segment.stop = GST_SECOND;
    feed.send(gst_event_new_segment(&segment));
    feed.push(tone(1000, 96'000));
    feed.end();
    const Pictures all = pull_all(feed);
    ASSERT_EQ(all.times.size(), 5U);
    EXPECT_EQ(all.times[0], GST_SECOND / 2);
}

TEST(SimdSpectrogram, DrawsGapsAsSilence) {
    AudioFeed feed(kPlain);
    want(feed, "GRAY8", 100, 50, "10/1");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(tone(1000, 24'000));
    feed.send(gst_event_new_gap(GST_SECOND / 2, GST_SECOND / 2));
    feed.seek_to(48'000);
    feed.push(tone(1000, 24'000));
    feed.end();
    const Pictures all = pull_all(feed);
    ASSERT_EQ(all.times.size(), 15U);
    const auto& last = all.pixels.back(); // from 0.4 s to 1.4 s
    std::uint8_t in_gap = 0;
    for (std::size_t y = 0; y < 50; ++y)
        in_gap = std::max(in_gap, last[y * 100 + 35]);
    EXPECT_EQ(in_gap, 0);
    EXPECT_EQ(feed.stat("discontinuities"), 0U);
}

TEST(SimdSpectrogram, LeavesOutPicturesThatComeTooLate) {
    AudioFeed feed(kPlain);
    want(feed, "GRAY8", 100, 50, "10/1");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(float_noise_of(9600, 1));
    pull_all(feed);
    gst_harness_push_upstream_event(
        feed.harness(), gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2, 0, 450 * GST_MSECOND));
    feed.push(float_noise_of(48'000, 1));
    feed.end();
    const Pictures all = pull_all(feed);
    EXPECT_EQ(all.times.front(), 500 * GST_MSECOND);
    EXPECT_GE(feed.stat("late-pictures-dropped"), 2U);
    GstMessage* const message = feed.pop(GST_MESSAGE_QOS);
    ASSERT_NE(message, nullptr);
    gst_message_unref(message);
}

TEST(SimdSpectrogram, CountsWhatItDoesNotHear) {
    AudioFeed feed(kPlain);
    want(feed, "GRAY8", 100, 50, "10/1");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(float_noise_of(4800, 1));
    GstPad* const downstream = feed.harness()->sinkpad;
    gst_pad_set_active(downstream, FALSE);
    for (int i = 0; i < 20; ++i) {
        GstBuffer* const buffer = feed.make(float_noise_of(4800, 1));
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT); // ends the run, with a picture
        feed.push(buffer);
    }
    EXPECT_GE(feed.stat("frames-dropped"), 4800U);
    EXPECT_EQ(feed.stat("frames") + feed.stat("frames-dropped"), 21U * 4800);
    gst_pad_set_active(downstream, TRUE);
}

TEST(SimdSpectrogram, CountsWhatIsOutsideTheSegment) {
    AudioFeed feed(kPlain);
    want(feed, "GRAY8", 100, 50, "10/1");
    feed.set_format(kFloat, 48'000, 1);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = 50 * GST_MSECOND;
    feed.send(gst_event_new_segment(&segment));
    feed.push(float_noise_of(4800, 1));
    EXPECT_EQ(feed.stat("frames"), 2400U);
    EXPECT_EQ(feed.stat("frames-dropped"), 2400U);
}
