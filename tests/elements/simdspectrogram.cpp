// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "picture_feed.h"

#include <gst/video/video.h>

#include <algorithm>

using namespace tactus;

TEST(SimdSpectrogram, MakesPicturesAtExactTimes) {
    for (const char* const rate : {"25/1", "30000/1001", "60/1", "1/2"}) {
        AudioFeed feed(kPlain);
        want(feed, "GRAY8", 64, 32, rate);
        feed.set_format("S16LE", 44'100, 2);
        feed.origin = 3 * GST_SECOND;
        feed.push_chunks(std::vector<std::int16_t>(2 * 44'100 * 4), 1, 3000); // 4 s
        feed.end();
        const Pictures all = pull_all(feed);
        int n = 0;
        int d = 0;
        ASSERT_EQ(std::sscanf(rate, "%d/%d", &n, &d), 2);
        const auto frames = static_cast<std::size_t>((4 * n + d - 1) / d);
        ASSERT_EQ(all.times.size(), frames) << rate;
        for (std::size_t k = 0; k < frames; ++k) {
            const auto at = [&](std::size_t i) {
                return 3 * GST_SECOND + gst_util_uint64_scale(i,
                                                              GST_SECOND * static_cast<guint64>(d),
                                                              static_cast<guint64>(n));
            };
            ASSERT_EQ(all.times[k], at(k)) << rate << ", " << k;
            ASSERT_EQ(all.durations[k], at(k + 1) - at(k)) << rate << ", " << k;
        }
        EXPECT_EQ(feed.stat("pictures"), frames);
        EXPECT_EQ(feed.stat("frames"), 44'100U * 4);
    }
}

TEST(SimdSpectrogram, DrawsWhatIsHeard) {
    AudioFeed feed(std::string(kPlain) + "frequency-scale=linear fft-size=512");
    want(feed, "GRAY8", 100, 120, "20/1");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(tone(6000, 48'000));
    feed.end();
    const Pictures all = pull_all(feed);
    ASSERT_EQ(all.pixels.size(), 20U);
    const auto& last = all.pixels.back(); // at 0.95 s, rows of 100 bytes
    std::vector<int> column;
    for (std::size_t y = 0; y < 120; ++y)
        column.push_back(last[y * 100 + 50]);
    const auto brightest = std::max_element(column.begin(), column.end()) - column.begin();
    EXPECT_NEAR(static_cast<double>(brightest), 90, 2); // a quarter of the way up
    EXPECT_GT(column[static_cast<std::size_t>(brightest)], 220);
    EXPECT_LT(column[20], 60);
}

TEST(SimdSpectrogram, MakesTheSamePicturesHoweverSoundIsCut) {
    const auto run = [](unsigned seed, std::size_t most) {
        AudioFeed feed("simdspectrogram span=0.5");
        want(feed, "RGBA", 320, 180, "25/1");
        feed.set_format(kFloat, 48'000, 1);
        feed.push_chunks(float_noise_of(24'000, 2), seed, most);
        feed.end();
        return pull_all(feed).pixels;
    };
    const auto whole = run(1, 24'000);
    EXPECT_EQ(whole.size(), 13U);
    EXPECT_EQ(run(2, 7), whole);
    EXPECT_EQ(run(3, 999), whole);
}

TEST(SimdSpectrogram, TakesEveryFormatOfSoundAndPicture) {
    for (const char* const sound : {"S8", "U8", "S16BE", "S24LE", "S24_32LE", "S32LE", "F64LE"})
        for (const char* const picture : {"BGRx", "RGBx", "BGRA", "RGBA", "GRAY8"}) {
            AudioFeed feed("simdspectrogram");
            want(feed, picture, 256, 128, "30/1");
            feed.set_format(sound, 48'000, 3);
            for (int i = 0; i < 10; ++i)
                feed.push(std::vector<std::uint8_t>(3 * 8 * 480));
            feed.end();
            EXPECT_GE(pull_all(feed).times.size(), 1U) << sound << ", " << picture;
        }
}

TEST(SimdSpectrogram, ConvertsForWhoTakesNoPicturesAsTheyAreDrawn) {
    const auto brightness = [](const char* format) {
        AudioFeed feed("simdspectrogram show-scale=false min-db=-100 span=1 colormap=grey");
        want(feed, format, 64, 48, "20/1");
        feed.set_format(kFloat, 48'000, 1);
        feed.push(tone(6000, 24'000));
        feed.end();
        return pull_all(feed).pixels;
    };
    const auto grey = brightness("GRAY8");
    ASSERT_EQ(grey.size(), 10U);
    for (const char* const format : {"I420", "YV12", "NV12"}) { // these begin with the brightness
        const auto found = brightness(format);
        ASSERT_EQ(found.size(), grey.size()) << format;
        ASSERT_EQ(found[9].size(), 64U * 48 * 3 / 2) << format;
        for (std::size_t i = 0; i < grey[9].size(); ++i) // 16 to 235 there
            ASSERT_NEAR(found[9][i], 16 + grey[9][i] * 219.0 / 255, 2) << format << ", " << i;
    }
    for (const char* const format :
         {"xRGB", "xBGR", "ARGB", "ABGR", "RGB", "BGR", "NV21", "YUY2", "UYVY", "AYUV"})
        EXPECT_EQ(brightness(format).size(), grey.size()) << format;
}

TEST(SimdSpectrogram, ConvertsToInterlacedVideoToo) {
    AudioFeed feed("simdspectrogram");
    gst_harness_set_sink_caps_str(feed.harness(), "video/x-raw,format=I420,width=64,height=48,"
                                                  "framerate=20/1,interlace-mode=interleaved");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(tone(6000, 24'000));
    feed.end();
    EXPECT_EQ(pull_all(feed).pixels.size(), 10U);
}

TEST(SimdSpectrogram, PrefersAFormatThatItDraws) {
    AudioFeed feed("simdspectrogram");
    gst_harness_set_sink_caps_str(feed.harness(), "video/x-raw,format={ I420, YUY2, RGBx }");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(float_noise_of(9600, 1));
    GstCaps* const caps = gst_pad_get_current_caps(feed.harness()->sinkpad);
    ASSERT_NE(caps, nullptr);
    EXPECT_STREQ(gst_structure_get_string(gst_caps_get_structure(caps, 0), "format"), "RGBx");
    gst_caps_unref(caps);
}

TEST(SimdSpectrogram, ChoosesASizeIfDownstreamTakesAny) {
    AudioFeed feed("simdspectrogram");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(float_noise_of(9600, 1));
    GstCaps* const caps = gst_pad_get_current_caps(feed.harness()->sinkpad);
    ASSERT_NE(caps, nullptr);
    GstVideoInfo info;
    ASSERT_TRUE(gst_video_info_from_caps(&info, caps));
    EXPECT_EQ(GST_VIDEO_INFO_WIDTH(&info), 640);
    EXPECT_EQ(GST_VIDEO_INFO_HEIGHT(&info), 360);
    EXPECT_EQ(GST_VIDEO_INFO_FPS_N(&info), 30);
    gst_caps_unref(caps);
}

TEST(SimdSpectrogram, ChangesItsSizeWhenDownstreamAsks) {
    AudioFeed feed("simdspectrogram");
    want(feed, "GRAY8", 100, 50, "30/1");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(float_noise_of(9600, 1));
    for (const auto& pixels : pull_all(feed).pixels)
        EXPECT_EQ(pixels.size(), 100U * 50);
    want(feed, "GRAY8", 200, 150, "30/1");
    feed.push(float_noise_of(9600, 1));
    feed.end();
    const Pictures all = pull_all(feed);
    ASSERT_GE(all.pixels.size(), 5U);
    EXPECT_EQ(all.pixels.back().size(), 200U * 150);
}

TEST(SimdSpectrogram, ReportsItsLatency) {
    AudioFeed feed("simdspectrogram fft-size=4800");
    gst_harness_set_upstream_latency(feed.harness(), 10 * GST_MSECOND);
    gst_harness_set_live(feed.harness(), TRUE);
    want(feed, "GRAY8", 100, 50, "50/1");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(float_noise_of(100, 1));
    EXPECT_EQ(gst_harness_query_latency(feed.harness()), 60 * GST_MSECOND);
    GstMessage* const message = feed.pop(GST_MESSAGE_LATENCY);
    ASSERT_NE(message, nullptr);
    gst_message_unref(message);
    // A picture comes with the sound up to half a window behind it, and not before.
    feed.push(float_noise_of(960 + 2400 - 101, 1));
    EXPECT_EQ(pull_all(feed).times.size(), 1U);
    feed.push(float_noise_of(1, 1));
    EXPECT_EQ(pull_all(feed).times.size(), 1U);
}

TEST(SimdSpectrogram, SendsCapsBeforeTheSegment) {
    AudioFeed feed("simdspectrogram");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(float_noise_of(9600, 1));
    std::vector<GstEventType> order;
    while (GstEvent* const event = gst_harness_try_pull_event(feed.harness())) {
        order.push_back(GST_EVENT_TYPE(event));
        gst_event_unref(event);
    }
    const std::vector<GstEventType> expected{GST_EVENT_STREAM_START, GST_EVENT_CAPS,
                                             GST_EVENT_SEGMENT};
    EXPECT_EQ(order, expected);
}

TEST(SimdSpectrogram, KeepsTagsInAFlushAndTellsTimesInTime) {
    AudioFeed feed("simdspectrogram");
    feed.set_format(kFloat, 48'000, 1);
    feed.send(gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "a title", nullptr)));
    feed.send(gst_event_new_flush_start());
    feed.send(gst_event_new_flush_stop(TRUE));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_BYTES);
    feed.send(gst_event_new_segment(&segment));
    feed.push(float_noise_of(9600, 1));
    unsigned tags = 0;
    std::vector<GstFormat> formats;
    while (GstEvent* const event = gst_harness_try_pull_event(feed.harness())) {
        tags += GST_EVENT_TYPE(event) == GST_EVENT_TAG ? 1 : 0;
        if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
            gst_event_copy_segment(event, &segment);
            formats.push_back(segment.format);
        }
        gst_event_unref(event);
    }
    EXPECT_EQ(tags, 1U);
    EXPECT_EQ(formats, std::vector<GstFormat>{GST_FORMAT_TIME});
    EXPECT_FALSE(pull_all(feed).times.empty());
}

TEST(SimdSpectrogram, ChangesItsColoursWhilePlaying) {
    AudioFeed feed(kPlain);
    want(feed, "GRAY8", 100, 50, "10/1");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(tone(1000, 24'000));
    const Pictures before = pull_all(feed);
    g_object_set(feed.element(), "max-db", -60.0, nullptr);
    feed.push(std::vector<float>(24'000));
    feed.end();
    const Pictures after = pull_all(feed);
    ASSERT_EQ(before.times.size() + after.times.size(), 10U); // it has gone on
    // The tone is at its brightest now, in more rows.
    const auto white = [](const std::vector<std::uint8_t>& pixels) {
        return std::count(pixels.begin(), pixels.end(), 255);
    };
    EXPECT_GT(white(after.pixels.front()), 5 + white(before.pixels.back()));
}

TEST(SimdSpectrogram, SaysWhatIsWrong) {
    for (const auto& [settings, complaint] :
         {std::pair{"min-db=-20 max-db=-20", "min-db -20, max-db -20: max-db must be larger"},
          {"min-db=199.9999999 max-db=200", "min-db 199.9999999, max-db 200"},
          {"hop-size=5 fft-size=32 min-db=3 max-db=2", "min-db 3, max-db 2"}}) {
        AudioFeed feed(std::string("simdspectrogram ") + settings);
        feed.set_format(kFloat, 48'000, 1);
        EXPECT_EQ(feed.push(float_noise_of(1000, 1)), GST_FLOW_ERROR);
        EXPECT_NE(feed.complaint(GST_MESSAGE_ERROR).find(complaint), std::string::npos) << settings;
        EXPECT_EQ(feed.push(float_noise_of(1000, 1)), GST_FLOW_ERROR);
    }
    AudioFeed feed("simdspectrogram");
    gst_harness_set_sink_caps_str(feed.harness(), "video/x-raw,format=GRAY16_LE");
    feed.set_format(kFloat, 48'000, 1);
    EXPECT_EQ(feed.push(float_noise_of(1000, 1)), GST_FLOW_NOT_NEGOTIATED);
    EXPECT_NE(feed.complaint(GST_MESSAGE_ERROR), "");
}

TEST(SimdSpectrogram, OffersEachWindowButTheOneItHasNoValuesFor) {
    AudioFeed feed("simdspectrogram");
    const GParamSpec* spec =
        g_object_class_find_property(G_OBJECT_GET_CLASS(feed.element()), "window");
    const GEnumClass* windows = G_PARAM_SPEC_ENUM(spec)->enum_class;
    EXPECT_EQ(windows->n_values, 8U);
    for (guint i = 0; i < windows->n_values; ++i) {
        const std::string window = windows->values[i].value_nick;
        AudioFeed tried("simdspectrogram fft-size=64 window=" + window);
        tried.set_format(kFloat, 48'000, 1);
        EXPECT_EQ(tried.push(float_noise_of(1000, 1)), GST_FLOW_OK) << window;
    }
    g_autoptr(GError) error = nullptr;
    g_autoptr(GstElement) none = gst_parse_launch_full("simdspectrogram window=custom", nullptr,
                                                       GST_PARSE_FLAG_FATAL_ERRORS, &error);
    EXPECT_EQ(none, nullptr);
    ASSERT_NE(error, nullptr);
    EXPECT_STREQ(error->message,
                 "could not set property \"window\" in element \"simdspectrogram\" to \"custom\"");
}

TEST(SimdSpectrogram, CountsSamplesThatAreNotNumbers) {
    AudioFeed feed(kPlain);
    want(feed, "GRAY8", 100, 50, "10/1");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(std::vector<float>{NAN, INFINITY, 1e-42F, -INFINITY});
    feed.push(float_noise_of(48'000, 1));
    feed.end();
    EXPECT_EQ(pull_all(feed).times.size(), 11U);
    EXPECT_EQ(feed.stat("non-finite"), 3U);
}

TEST(SimdSpectrogram, ChangesWithTheSoundsCaps) {
    AudioFeed feed(kPlain);
    want(feed, "GRAY8", 100, 50, "10/1");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(tone(1000, 24'000));
    feed.set_format(kFloat, 8000, 2);
    feed.seek_to(4000);
    feed.push(std::vector<float>(2 * 4000));
    feed.end();
    const Pictures all = pull_all(feed);
    ASSERT_EQ(all.times.size(), 10U);
    EXPECT_EQ(all.times[5], 500 * GST_MSECOND);
    EXPECT_EQ(all.times[9], 900 * GST_MSECOND);
}
