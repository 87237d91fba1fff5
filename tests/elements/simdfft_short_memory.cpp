// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the elements count where memory is short. In a program of its own, as its allocations fail.
#include "audio_feed.h"
#include "failing_allocations.h"

#include <array>
#include <memory>

using namespace tactus;
using test::FailingAllocation;

namespace {

constexpr std::size_t kChunk = 4800; ///< 100 ms
constexpr unsigned kChunks = 4;

struct Subject {
    const char* name;
    const char* line;
    const char* sink_caps; ///< what downstream takes
    const char* changes;   ///< while playing, so that it is set up anew in the streaming thread
    const char* lost;      ///< the counter of frames that came to nothing
    const char* refused;   ///< settings that cannot be
};

constexpr std::array kSubjects = {
    Subject{"messages", "simdfft bands=65", "audio/x-raw", "bands=130", "frames-refused",
            "bands=1073741824"},
    Subject{"stream", "simdfft fft-size=256", "audio/x-stft", "fft-size=512", "frames-refused",
            "window-length=4096"},
    Subject{"window", "simdfft fft-size=256", "audio/x-stft",
            "window=custom custom-window=<1.,2.,3.,4.>", "frames-refused", "window-length=4096"},
    Subject{"spectrogram", "simdspectrogram fft-size=64 show-scale=false",
            "video/x-raw,format=GRAY8,width=32,height=32,framerate=100/1", "fft-size=128",
            "frames-dropped", "min-db=10"},
};

class SimdShortMemory : public ::testing::TestWithParam<Subject> {};

/// A feed that has played a little, and now is to be set up anew.
std::unique_ptr<AudioFeed> begin(const Subject& subject) {
    auto feed = std::make_unique<AudioFeed>(subject.line);
    gst_harness_set_sink_caps_str(feed->harness(), subject.sink_caps);
    gst_harness_set_drop_buffers(feed->harness(), TRUE);
    feed->set_format(kFloat, 48'000, 1);
    EXPECT_EQ(feed->push(float_noise_of(kChunk, 1)), GST_FLOW_OK);
    set_properties(feed->element(), subject.changes);
    return feed;
}

/// Of an element that has taken the changes.
GstClockTime latency_with(const Subject& subject) {
    const auto feed = begin(subject);
    EXPECT_EQ(feed->push(float_noise_of(kChunk, 2)), GST_FLOW_OK);
    return gst_harness_query_latency(feed->harness());
}

void expect_all_counted(AudioFeed& feed, const Subject& subject, int failing) {
    EXPECT_EQ(feed.stat("frames") + feed.stat(subject.lost), (1 + kChunks) * kChunk)
        << "allocation " << failing;
    GstMessage* const error = feed.pop(GST_MESSAGE_ERROR);
    EXPECT_NE(error, nullptr) << "allocation " << failing;
    if (error != nullptr)
        gst_message_unref(error);
}

} // namespace

TEST_P(SimdShortMemory, EachFrameOfABufferIsCountedWhicheverAllocationFails) {
    const GstClockTime latency = latency_with(GetParam());
    int failing = 0;
    for (;; ++failing) {
        const auto feed = begin(GetParam());
        GstBuffer* const buffer = feed->make(float_noise_of(kChunk, 2));
        {
            const FailingAllocation one(failing);
            feed->push(buffer);
        }
        if (!FailingAllocation::has_failed())
            break;
        for (unsigned i = 1; i < kChunks; ++i)
            feed->push(float_noise_of(kChunk, 3));
        expect_all_counted(*feed, GetParam(), failing);
        EXPECT_EQ(gst_harness_query_latency(feed->harness()), latency) << "the new ones are in use";
    }
    EXPECT_GT(failing, 0) << "it allocates nothing";
}

TEST_P(SimdShortMemory, EachFrameOfAListIsCountedWhicheverAllocationFails) {
    for (int failing = 0;; ++failing) {
        const auto feed = begin(GetParam());
        GstBufferList* const list = gst_buffer_list_new();
        for (unsigned i = 0; i < kChunks; ++i)
            gst_buffer_list_add(list, feed->make(float_noise_of(kChunk, 2)));
        {
            const FailingAllocation one(failing);
            gst_pad_push_list(feed->harness()->srcpad, list);
        }
        if (!FailingAllocation::has_failed())
            break;
        expect_all_counted(*feed, GetParam(), failing);
    }
}

// Other audio comes when the settings are refused, so that those before have to be set up for it.
TEST_P(SimdShortMemory, OldSettingsComeBackInTheEndWhicheverAllocationFails) {
    for (int failing = 0;; ++failing) {
        SCOPED_TRACE(failing);
        const auto feed = std::make_unique<AudioFeed>(GetParam().line);
        gst_harness_set_sink_caps_str(feed->harness(), GetParam().sink_caps);
        gst_harness_set_drop_buffers(feed->harness(), TRUE);
        feed->set_format(kFloat, 48'000, 1);
        ASSERT_EQ(feed->push(float_noise_of(kChunk, 1)), GST_FLOW_OK);
        set_properties(feed->element(), GetParam().refused);
        const std::string other = "audio/x-raw,layout=interleaved,format=" + std::string(kFloat) +
                                  ",rate=32000,channels=1";
        {
            const FailingAllocation one(failing);
            feed->try_caps(other);
        }
        if (!FailingAllocation::has_failed())
            break;
        feed->push(float_noise_of(kChunk, 2));
        ASSERT_EQ(feed->push(float_noise_of(kChunk, 3)), GST_FLOW_OK);
        EXPECT_NE(feed->complaint(GST_MESSAGE_WARNING), "") << "what is refused is not forgotten";
    }
}

INSTANTIATE_TEST_SUITE_P(All, SimdShortMemory, ::testing::ValuesIn(kSubjects),
                         [](const auto& subject) { return std::string(subject.param.name); });
