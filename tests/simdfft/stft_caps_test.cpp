// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/stft_caps.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tactus {

namespace {

class StftCaps : public ::testing::Test {
  protected:
    static void SetUpTestSuite() { gst_init(nullptr, nullptr); }
};

std::string complaint_about(const std::string& text) {
    std::string complaint = "none";
    GstCaps* const caps = gst_caps_from_string(text.c_str());
    EXPECT_NE(caps, nullptr) << text;
    EXPECT_FALSE(parse_stft_caps(caps, complaint)) << text;
    gst_caps_unref(caps);
    return complaint;
}

StftStream any(std::mt19937& random) {
    StftStream stream;
    StftConfig& config = stream.config;
    config.channels = 1 + random() % 64;
    config.rate = 1 + random() % 200'000;
    config.fft_size = 2 + random() % 5000;
    config.window_length = 1 + random() % config.fft_size;
    config.hop_frames = 1 + random() % 5000;
    config.window.kind = static_cast<WindowKind>(random() % kWindowKinds);
    if (config.window.kind == WindowKind::kaiser)
        config.window.kaiser_beta = static_cast<double>(random() % 1000) / 37;
    for (std::size_t n = 0; config.window.kind == WindowKind::custom && n < config.window_length;
         ++n)
        config.window.custom.push_back(static_cast<double>(random()) / 7);
    config.scaling = static_cast<StftScaling>(random() % kStftScalings);
    config.format = static_cast<StftFormat>(random() % kStftFormats);
    config.center = random() % 2 != 0;
    if (config.format != StftFormat::complex && config.format != StftFormat::phase &&
        random() % 2 != 0) {
        config.band_count = 1 + random() % 100;
        config.bands_scale = static_cast<FrequencyScale>(random() % kFrequencyScales);
    }
    stream.channel_mask = random() % 3 != 0 ? random() : 0;
    return stream;
}

constexpr const char* kUsual = "audio/x-stft, format=complex-f32, rate=48000, channels=2, "
                               "fft-size=1024, hop-size=256, window=hann";

} // namespace

TEST_F(StftCaps, AreReadAsTheyWereWritten) {
    std::mt19937 random(1);
    for (int i = 0; i < 300; ++i) {
        const StftStream stream = any(random);
        const CapsHandle caps = make_stft_caps(stream);
        EXPECT_TRUE(gst_caps_is_fixed(caps.get()));
        std::string complaint;
        const auto found = parse_stft_caps(caps.get(), complaint);
        ASSERT_TRUE(found) << complaint;
        EXPECT_EQ(*found, stream);
    }
}

TEST_F(StftCaps, FitTheTemplate) {
    GstCaps* const general = gst_caps_from_string(TACTUS_STFT_CAPS(TACTUS_STFT_FORMATS));
    std::mt19937 random(2);
    for (int i = 0; i < 50; ++i) {
        const CapsHandle caps = make_stft_caps(any(random));
        EXPECT_TRUE(gst_caps_is_subset(caps.get(), general));
    }
    gst_caps_unref(general);
}

TEST_F(StftCaps, NeedOnlyWhatHasNoDefault) {
    GstCaps* const caps = gst_caps_from_string(kUsual);
    std::string complaint;
    const auto stream = parse_stft_caps(caps, complaint);
    gst_caps_unref(caps);
    ASSERT_TRUE(stream) << complaint;
    EXPECT_EQ(stream->config.window_length, 1024U);
    EXPECT_EQ(stream->config.scaling, StftScaling::none);
    EXPECT_TRUE(stream->config.center);
    EXPECT_EQ(stream->channel_mask, 0U);
    EXPECT_EQ(stream->frame_bytes(), 513U * 2 * 2 * 4);
}

TEST_F(StftCaps, SayWhatIsWrong) {
    const std::string usual = kUsual;
    EXPECT_EQ(complaint_about("audio/x-raw"), "these are no caps of audio/x-stft");
    EXPECT_EQ(
        complaint_about("audio/x-stft"),
        "field format is missing: it must be complex-f32, magnitude-f32, power-f32, db-f32 or "
        "phase-f32");
    EXPECT_EQ(complaint_about(usual + ", scaling=loud"),
              "field scaling is loud: it must be none, magnitude, psd or unitary");
    EXPECT_EQ(complaint_about(usual + ", window-length=(string)long"),
              "field window-length is long: it must be an int");
    EXPECT_EQ(complaint_about(usual + ", window-length=-1"),
              "field window-length is -1: it must be 0 or more");
    EXPECT_EQ(complaint_about(usual + ", window-length=2000"),
              "window-length is 2000: it must be 1 to 1024");
    EXPECT_EQ(complaint_about(usual + ", band-count=10, bands-scale=mel"),
              "format complex-f32 with bands or smoothing: these are of magnitude-f32, power-f32 "
              "and db-f32 alone");
    EXPECT_EQ(complaint_about("audio/x-stft, format=power-f32, rate=1, channels=65, fft-size=2, "
                              "hop-size=1, window=hann"),
              "the number of channels is 65: it must be 1 to 64");
    EXPECT_EQ(complaint_about("audio/x-stft, format=power-f32, rate=1, channels=1, fft-size=2, "
                              "hop-size=1, window=custom"),
              "field window-values is missing: it must be a buffer of doubles");
    EXPECT_EQ(complaint_about("audio/x-stft, format=power-f32, rate=1, channels=1, fft-size=2, "
                              "hop-size=0, window=hann"),
              "hop-size and window-length must be 1 or more");
}

} // namespace tactus
