// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdfft and spectrum side by side: the same buffers in, the same messages out.
#include "factories.h"
#include "spectrum_harness.h"

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace tactus;

namespace {

class SpectrumPeer : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!has_element("spectrum"))
            GTEST_SKIP() << "spectrum is not installed (gst-plugins-good)";
    }
};

/// Both, and a way to do the same to them.
struct Pair {
    explicit Pair(const std::string& properties)
        : theirs("spectrum", properties), ours("simdfft", properties) {}

    template <typename Action>
    void both(const Action& action) {
        action(theirs);
        action(ours);
    }
    void push(GstBuffer* buffer) {
        EXPECT_EQ(theirs.push(gst_buffer_ref(buffer)), GST_FLOW_OK);
        EXPECT_EQ(ours.push(buffer), GST_FLOW_OK);
    }

    SpectrumHarness theirs;
    SpectrumHarness ours;
};

/// Float transforms have an error of some 2e-7 of the strongest band. A mean may be one of several
/// among which one was much weaker.
double decibel_tolerance(double strongest, double value, unsigned transforms) {
    return (transforms > 1 ? 5e-3 : 2e-4) + 8.7 * 4e-7 * std::pow(10, (strongest - value) / 20);
}

void expect_magnitudes(const std::vector<float>& ours, const std::vector<float>& theirs,
                       unsigned transforms) {
    ASSERT_EQ(ours.size(), theirs.size());
    const double strongest = *std::max_element(theirs.begin(), theirs.end());
    for (std::size_t k = 0; k < ours.size(); ++k)
        ASSERT_NEAR(ours[k], theirs[k], decibel_tolerance(strongest, theirs[k], transforms))
            << "band " << k;
}

/// `transforms`: how many phases went into the mean; each may differ by whole turns, where it is
/// near half a turn. Where a band is weak its phase is that of rounding errors.
void expect_phases(const SpectrumMessage& ours, const SpectrumMessage& theirs, std::size_t channel,
                   unsigned transforms) {
    const auto& magnitudes = theirs.magnitude[channel];
    const double strongest = *std::max_element(magnitudes.begin(), magnitudes.end());
    const double turn = 2 * std::numbers::pi / transforms;
    for (std::size_t k = 1; k + 1 < magnitudes.size(); ++k) {
        const double gap = ours.phase[channel][k] - theirs.phase[channel][k];
        const double error = std::abs(std::remainder(gap, turn));
        ASSERT_LE(error, 1e-5 + 1e-6 * std::pow(10, (strongest - magnitudes[k]) / 20))
            << "band " << k;
    }
}

void expect_same(Pair& pair, unsigned transforms = 1, std::size_t at_least = 1) {
    const auto theirs = pair.theirs.messages();
    const auto ours = pair.ours.messages();
    ASSERT_GE(theirs.size(), at_least);
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
        SCOPED_TRACE("message " + std::to_string(i));
        EXPECT_EQ(ours[i].field_types, theirs[i].field_types);
        EXPECT_EQ(ours[i].endtime, theirs[i].endtime);
        EXPECT_EQ(ours[i].timestamp, theirs[i].timestamp);
        EXPECT_EQ(ours[i].stream_time, theirs[i].stream_time);
        EXPECT_EQ(ours[i].running_time, theirs[i].running_time);
        EXPECT_EQ(ours[i].duration, theirs[i].duration);
        ASSERT_EQ(ours[i].magnitude.size(), theirs[i].magnitude.size());
        ASSERT_EQ(ours[i].phase.size(), theirs[i].phase.size());
        for (std::size_t c = 0; c < ours[i].magnitude.size(); ++c)
            expect_magnitudes(ours[i].magnitude[c], theirs[i].magnitude[c], transforms);
        for (std::size_t c = 0; c < ours[i].phase.size(); ++c)
            expect_phases(ours[i], theirs[i], c, transforms);
    }
}

/// The bytes of one sample of a little-endian format.
void append_sample(std::vector<std::uint8_t>& bytes, const std::string& format, float value) {
    const auto append = [&](const auto& number, std::size_t size) {
        const auto* first = reinterpret_cast<const std::uint8_t*>(&number);
        bytes.insert(bytes.end(), first, first + size);
    };
    if (format == "F32LE")
        append(value, 4);
    else if (format == "F64LE")
        append(static_cast<double>(value), 8);
    else if (format == "S16LE")
        append(static_cast<std::int16_t>(std::lrint(value * 32767)), 2);
    else if (format == "S24LE")
        append(static_cast<std::int32_t>(std::lrint(value * 8388607)), 3);
    else
        append(static_cast<std::int32_t>(std::llrint(value * 2147483520.0)), 4);
}

/// Pushes `frames` frames in buffers of changing sizes; channels have different signals.
void push_audio(Pair& pair, const std::string& format, unsigned rate, unsigned channels,
                std::size_t frames, bool sines) {
    const auto noise = float_noise(frames * channels, 9);
    std::mt19937 random(4);
    for (std::size_t at = 0; at < frames;) {
        const std::size_t end = std::min(frames, at + 1 + random() % 1500);
        std::vector<std::uint8_t> bytes;
        for (std::size_t f = at; f < end; ++f) {
            for (unsigned c = 0; c < channels; ++c) {
                const double turn = 2 * std::numbers::pi * static_cast<double>(f) / rate;
                const double tone =
                    0.4 * std::sin(440 * (c + 1) * turn) + 0.01 * std::sin(5000 * turn + 0.1 * c);
                append_sample(bytes, format,
                              sines ? static_cast<float>(tone) : noise[f * channels + c]);
            }
        }
        pair.push(buffer_of(bytes, gst_util_uint64_scale(at, GST_SECOND, rate)));
        at = end;
    }
}

struct Case {
    const char* format;
    unsigned rate;
    unsigned channels;
    bool multi_channel;
    unsigned bands;
    std::uint64_t interval_ns;
    bool sines;

    unsigned transforms() const {
        const auto frames = static_cast<double>(interval_ns) * 1e-9 * rate;
        return std::max(1U, static_cast<unsigned>(frames / (2 * bands - 2)));
    }
    std::string properties() const {
        return "bands=" + std::to_string(bands) + " interval=" + std::to_string(interval_ns) +
               " threshold=-200 message-phase=true multi-channel=" +
               (multi_channel ? "true" : "false");
    }
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << c.format << " " << c.rate << " Hz, " << c.channels << " channels, " << c.properties();
}

class SameMessages : public SpectrumPeer, public ::testing::WithParamInterface<Case> {};

} // namespace

TEST_P(SameMessages, EveryValueIsThatOfSpectrum) {
    const Case& c = GetParam();
    Pair pair(c.properties());
    pair.both([&](SpectrumHarness& h) { h.set_caps(audio_caps(c.format, c.rate, c.channels)); });
    push_audio(pair, c.format, c.rate, c.channels, c.rate / 2, c.sines);
    expect_same(pair, c.transforms(), 4);
}

INSTANTIATE_TEST_SUITE_P(Cases, SameMessages,
                         // spectrum itself does not work for S24 without multi-channel: its sum
                         // runs on from frame to frame.
                         ::testing::Values(Case{"S16LE", 48000, 1, false, 128, 100'000'000, false},
                                           Case{"S16LE", 48000, 2, false, 1024, 10'000'000, false},
                                           Case{"S16LE", 44100, 2, true, 1024, 10'000'000, false},
                                           Case{"S16LE", 44100, 2, false, 128, 7'654'321, true},
                                           Case{"S24LE", 44100, 2, true, 256, 23'456'789, false},
                                           Case{"S32LE", 96000, 5, false, 513, 33'333'333, false},
                                           Case{"S32LE", 48000, 5, true, 65, 100'000'000, true},
                                           Case{"F32LE", 48000, 16, true, 200, 10'000'000, false},
                                           Case{"F32LE", 11025, 3, false, 2, 1'234'567, false},
                                           Case{"F32LE", 8000, 2, true, 3, 12'345'678, false},
                                           Case{"F64LE", 48000, 2, false, 1024, 50'000'000, true},
                                           Case{"F64LE", 48000, 1, true, 4097, 100'000'000,
                                                false}));

TEST_F(SpectrumPeer, ARealRecordingGivesTheSameSpectra) {
    const auto samples = recording("Front_Center.wav");
    if (samples.empty())
        GTEST_SKIP() << "/usr/share/sounds/alsa/Front_Center.wav is not there (alsa-utils)";
    Pair pair("bands=1024 interval=10000000 threshold=-90");
    pair.both([](SpectrumHarness& h) { h.set_caps(audio_caps("S16LE", 48000, 1)); });
    constexpr std::size_t kFrames = 1024;
    for (std::size_t at = 0; at < samples.size(); at += kFrames) {
        const std::vector<std::int16_t> piece(
            samples.begin() + static_cast<std::ptrdiff_t>(at),
            samples.begin() + static_cast<std::ptrdiff_t>(std::min(samples.size(), at + kFrames)));
        pair.push(buffer_of(piece, gst_util_uint64_scale(at, GST_SECOND, 48000)));
    }
    expect_same(pair, 1, samples.size() / 480 - 1);
}

TEST_F(SpectrumPeer, EveryPropertyIsThereWithItsTypeDefaultAndRange) {
    const SpectrumHarness theirs("spectrum", "");
    const SpectrumHarness ours("simdfft", "");
    guint count = 0;
    GParamSpec** specs =
        g_object_class_list_properties(G_OBJECT_GET_CLASS(theirs.element()), &count);
    ASSERT_GT(count, 8U);
    for (guint i = 0; i < count; ++i) {
        GParamSpec* peer = specs[i];
        SCOPED_TRACE(peer->name);
        if (std::string(peer->name) == "name")
            continue;
        GParamSpec* spec =
            g_object_class_find_property(G_OBJECT_GET_CLASS(ours.element()), peer->name);
        ASSERT_NE(spec, nullptr);
        EXPECT_EQ(spec->value_type, peer->value_type);
        EXPECT_EQ(spec->flags & G_PARAM_READWRITE, peer->flags & G_PARAM_READWRITE);
        EXPECT_EQ(g_param_values_cmp(spec, g_param_spec_get_default_value(spec),
                                     g_param_spec_get_default_value(peer)),
                  0);
        if (G_IS_PARAM_SPEC_UINT(peer)) {
            EXPECT_EQ(G_PARAM_SPEC_UINT(spec)->minimum, G_PARAM_SPEC_UINT(peer)->minimum);
            EXPECT_EQ(G_PARAM_SPEC_UINT(spec)->maximum, G_PARAM_SPEC_UINT(peer)->maximum);
        }
        if (G_IS_PARAM_SPEC_UINT64(peer)) {
            EXPECT_EQ(G_PARAM_SPEC_UINT64(spec)->minimum, G_PARAM_SPEC_UINT64(peer)->minimum);
            EXPECT_EQ(G_PARAM_SPEC_UINT64(spec)->maximum, G_PARAM_SPEC_UINT64(peer)->maximum);
        }
        if (G_IS_PARAM_SPEC_INT(peer)) {
            EXPECT_EQ(G_PARAM_SPEC_INT(spec)->minimum, G_PARAM_SPEC_INT(peer)->minimum);
            EXPECT_EQ(G_PARAM_SPEC_INT(spec)->maximum, G_PARAM_SPEC_INT(peer)->maximum);
        }
    }
    g_free(specs);
}

TEST_F(SpectrumPeer, AcceptsWhateverSpectrumAccepts) {
    const SpectrumHarness theirs("spectrum", "");
    const SpectrumHarness ours("simdfft", "");
    for (const char* name : {"sink", "src"}) {
        GstPad* their_pad = gst_element_get_static_pad(theirs.element(), name);
        GstPad* our_pad = gst_element_get_static_pad(ours.element(), name);
        GstCaps* their_caps = gst_pad_get_pad_template_caps(their_pad);
        GstCaps* our_caps = gst_pad_get_pad_template_caps(our_pad);
        EXPECT_TRUE(gst_caps_is_subset(their_caps, our_caps)) << name;
        gst_caps_unref(their_caps);
        gst_caps_unref(our_caps);
        gst_object_unref(their_pad);
        gst_object_unref(our_pad);
    }
}

TEST_F(SpectrumPeer, ADiscontinuityStartsTheIntervalAnew) {
    Pair pair("bands=65 interval=10000000 threshold=-200 message-phase=true");
    pair.both([](SpectrumHarness& h) { h.set_caps(audio_caps("F32LE", 48000, 1)); });
    const auto audio = float_noise(4000);
    const auto piece = [&](std::size_t first, std::size_t last) {
        return std::vector<float>(audio.begin() + static_cast<std::ptrdiff_t>(first),
                                  audio.begin() + static_cast<std::ptrdiff_t>(last));
    };
    pair.push(buffer_of(piece(0, 1000), 0));
    pair.push(buffer_of(piece(1000, 3000), 5 * GST_SECOND, true)); // the rest of 40 frames goes
    expect_same(pair, 3, 6);
}

TEST_F(SpectrumPeer, TheSegmentGivesRunningAndStreamTime) {
    Pair pair("bands=65 interval=10000000");
    pair.both([](SpectrumHarness& h) {
        h.set_caps(audio_caps("F32LE", 48000, 1));
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        segment.start = GST_SECOND;
        segment.time = 7 * GST_SECOND;
        segment.base = 3 * GST_SECOND;
        EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_segment(&segment)));
    });
    pair.push(buffer_of(float_noise(2000), 2 * GST_SECOND));
    expect_same(pair, 3, 4);
}

TEST_F(SpectrumPeer, NewCapsStartAnew) {
    Pair pair("bands=65 interval=10000000 threshold=-200");
    pair.both([](SpectrumHarness& h) { h.set_caps(audio_caps("F32LE", 48000, 1)); });
    pair.push(buffer_of(float_noise(1000), 0));
    pair.both([](SpectrumHarness& h) { h.set_caps(audio_caps("F32LE", 16000, 2)); });
    pair.push(buffer_of(float_noise(3000), GST_SECOND));
    expect_same(pair, 3, 10);
}

TEST_F(SpectrumPeer, PropertiesChangeWhileItRuns) {
    Pair pair("bands=65 interval=10000000 threshold=-200");
    pair.both([](SpectrumHarness& h) { h.set_caps(audio_caps("F32LE", 48000, 2)); });
    // Not multi-channel: spectrum goes on to read samples in the old way.
    for (const char* change :
         {"bands=33", "interval=5000000", "threshold=-20", "message-phase=true",
          "message-magnitude=false", "message-magnitude=true", "post-messages=false",
          "post-messages=true"}) {
        SCOPED_TRACE(change);
        pair.both([&](SpectrumHarness& h) { set_properties(h.element(), change); });
        pair.push(buffer_of(float_noise(2 * 960), 0, true));
        const auto theirs = pair.theirs.messages();
        const auto ours = pair.ours.messages();
        ASSERT_EQ(ours.size(), theirs.size());
        for (std::size_t i = 0; i < ours.size(); ++i) {
            EXPECT_EQ(ours[i].field_types, theirs[i].field_types);
            ASSERT_EQ(ours[i].magnitude.size(), theirs[i].magnitude.size());
            for (std::size_t c = 0; c < ours[i].magnitude.size(); ++c)
                expect_magnitudes(ours[i].magnitude[c], theirs[i].magnitude[c], 3);
        }
    }
}

TEST_F(SpectrumPeer, BuffersWithoutTimestampsGiveMessagesWithoutTimes) {
    Pair pair("bands=65 interval=10000000");
    pair.both([](SpectrumHarness& h) { h.set_caps(audio_caps("F32LE", 48000, 1)); });
    pair.push(buffer_of(float_noise(1000), GST_CLOCK_TIME_NONE));
    const auto theirs = pair.theirs.messages();
    const auto ours = pair.ours.messages();
    ASSERT_EQ(ours.size(), 2U);
    for (std::size_t i = 0; i < ours.size(); ++i) {
        EXPECT_EQ(ours[i].timestamp, theirs[i].timestamp);
        EXPECT_EQ(ours[i].stream_time, theirs[i].stream_time);
        EXPECT_EQ(ours[i].running_time, theirs[i].running_time);
    }
}
