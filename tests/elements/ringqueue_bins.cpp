// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Inside real bins: a real clip with random seeks, and graphs with audio and video branches.
// TACTUS_CLIP names the clip.
#include "factories.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <unistd.h>

namespace {

constexpr GstClockTime kPatience = 60 * GST_SECOND;

std::string clip() {
    const char* path = std::getenv("TACTUS_CLIP");
    return path != nullptr && std::filesystem::exists(path) ? path : "";
}

/// A pipeline from a launch line, with what the tests ask of it.
class Pipeline {
  public:
    explicit Pipeline(const std::string& line) {
        GError* error = nullptr;
        pipeline_ = gst_parse_launch(line.c_str(), &error);
        if (error != nullptr) {
            ADD_FAILURE() << error->message << " in: " << line;
            g_clear_error(&error);
        }
        bus_ = gst_element_get_bus(pipeline_);
    }
    ~Pipeline() {
        gst_element_set_state(pipeline_, GST_STATE_NULL);
        gst_object_unref(bus_);
        gst_object_unref(pipeline_);
    }
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    GstElement* get() const { return pipeline_; }
    bool reach(GstState state) {
        gst_element_set_state(pipeline_, state);
        return settled(state);
    }
    bool settled(GstState expected) {
        GstState state = GST_STATE_VOID_PENDING;
        return gst_element_get_state(pipeline_, &state, nullptr, kPatience) ==
                   GST_STATE_CHANGE_SUCCESS &&
               state == expected;
    }
    bool seek(GstClockTime target, GstSeekFlags extra = GST_SEEK_FLAG_KEY_UNIT) {
        return gst_element_seek_simple(pipeline_, GST_FORMAT_TIME,
                                       static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | extra),
                                       static_cast<gint64>(target)) != FALSE;
    }
    GstClockTime duration() {
        gint64 ns = 0;
        return gst_element_query_duration(pipeline_, GST_FORMAT_TIME, &ns)
                   ? static_cast<GstClockTime>(ns)
                   : 0;
    }
    /// The name of the message that ends it: "eos", or "error" or "warning" with its text.
    std::string ending() {
        const auto types =
            static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
        GstMessage* message = gst_bus_timed_pop_filtered(bus_, kPatience, types);
        if (message == nullptr)
            return "nothing";
        std::string name = GST_MESSAGE_TYPE_NAME(message);
        GError* error = nullptr;
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
            gst_message_parse_error(message, &error, nullptr);
        else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING)
            gst_message_parse_warning(message, &error, nullptr);
        if (error != nullptr)
            name += std::string(": ") + error->message;
        g_clear_error(&error);
        gst_message_unref(message);
        return name;
    }
    /// Counts the buffers into `element` from now on.
    void count_into(const char* element, std::atomic<int>& count) {
        GstElement* e = gst_bin_get_by_name(GST_BIN(pipeline_), element);
        GstPad* pad = gst_element_get_static_pad(e, "sink");
        gst_pad_add_probe(
            pad, GST_PAD_PROBE_TYPE_BUFFER,
            [](GstPad*, GstPadProbeInfo*, gpointer c) {
                ++*static_cast<std::atomic<int>*>(c);
                return GST_PAD_PROBE_OK;
            },
            &count, nullptr);
        gst_object_unref(pad);
        gst_object_unref(e);
    }
    std::uint64_t stat(const char* queue, const char* field) {
        GstElement* e = gst_bin_get_by_name(GST_BIN(pipeline_), queue);
        GstStructure* stats = nullptr;
        g_object_get(e, "stats", &stats, nullptr);
        guint64 value = 0;
        EXPECT_TRUE(gst_structure_get_uint64(stats, field, &value)) << field;
        gst_structure_free(stats);
        gst_object_unref(e);
        return value;
    }

  private:
    GstElement* pipeline_ = nullptr;
    GstBus* bus_ = nullptr;
};

class Bins : public testing::Test {
  protected:
    static void SetUpTestSuite() { gst_init(nullptr, nullptr); }
};

class RealClip : public Bins {
  protected:
    void SetUp() override {
        if (clip().empty()) {
            std::printf("no clip: TACTUS_CLIP is unset or names no file\n");
            GTEST_SKIP() << "no clip: TACTUS_CLIP is unset or names no file";
        }
    }
    static std::string line(const std::string& queue) {
        return "filesrc location=\"" + clip() + "\" ! decodebin ! " + queue +
               " ! fakesink name=s sync=false";
    }
};

// Thirty seeks to random places, then the rest up to the end.
void seek_about(Pipeline& pipeline, bool playing) {
    ASSERT_TRUE(pipeline.reach(GST_STATE_PAUSED));
    const GstClockTime duration = pipeline.duration();
    ASSERT_GT(duration, 0u);
    const GstState state = playing ? GST_STATE_PLAYING : GST_STATE_PAUSED;
    ASSERT_TRUE(pipeline.reach(state));
    std::mt19937 random(42);
    for (int i = 0; i < 30; ++i) {
        const GstClockTime target = duration * (random() % 900) / 1000;
        ASSERT_TRUE(pipeline.seek(target)) << "seek " << i;
        ASSERT_TRUE(pipeline.settled(state)) << "seek " << i;
        gint64 position = -1;
        ASSERT_TRUE(gst_element_query_position(pipeline.get(), GST_FORMAT_TIME, &position));
    }
    ASSERT_TRUE(pipeline.seek(duration / 100 * 95));
    ASSERT_TRUE(pipeline.reach(GST_STATE_PLAYING));
    EXPECT_EQ(pipeline.ending(), "eos");
}

std::string muxed_file() {
    return std::string(g_get_tmp_dir()) + "/ringqueue-bins-" + std::to_string(getpid()) + ".mkv";
}

} // namespace

TEST_F(RealClip, PlaysToItsEndAndEveryFrameIsCounted) {
    Pipeline plain(line("queue"));
    Pipeline ring(line("ringqueue name=q"));
    std::atomic<int> plain_frames{0};
    std::atomic<int> ring_frames{0};
    plain.count_into("s", plain_frames);
    ring.count_into("s", ring_frames);
    gst_element_set_state(plain.get(), GST_STATE_PLAYING);
    gst_element_set_state(ring.get(), GST_STATE_PLAYING);
    EXPECT_EQ(plain.ending(), "eos");
    EXPECT_EQ(ring.ending(), "eos");
    EXPECT_GT(ring_frames, 0);
    EXPECT_EQ(ring_frames, plain_frames);
    EXPECT_EQ(ring.stat("q", "buffers-out"), static_cast<std::uint64_t>(ring_frames));
    EXPECT_EQ(ring.stat("q", "buffers-dropped"), 0u);
}

TEST_F(RealClip, IsSoughtThirtyTimesWhilePaused) {
    Pipeline pipeline(line("ringqueue max-size-buffers=5"));
    seek_about(pipeline, false);
}

TEST_F(RealClip, IsSoughtThirtyTimesWhilePlaying) {
    Pipeline pipeline(line("ringqueue name=q"));
    seek_about(pipeline, true);
    EXPECT_EQ(pipeline.stat("q", "buffers-in"),
              pipeline.stat("q", "buffers-out") + pipeline.stat("q", "buffers-flushed"));
}

TEST_F(RealClip, IsSoughtThirtyTimesWhileFramesLeak) {
    Pipeline pipeline(line("ringqueue name=q leaky=downstream max-size-buffers=1 ! videoconvert ! "
                           "video/x-raw,format=BGRA ! ringqueue leaky=upstream "
                           "max-size-buffers=1"));
    seek_about(pipeline, true);
    EXPECT_EQ(pipeline.stat("q", "buffers-in"), pipeline.stat("q", "buffers-out") +
                                                    pipeline.stat("q", "buffers-flushed") +
                                                    pipeline.stat("q", "buffers-dropped"));
}

TEST_F(RealClip, IsLeftInTheMiddleFromEveryState) {
    for (int i = 0; i < 20; ++i) {
        Pipeline pipeline(line("ringqueue max-size-buffers=3"));
        ASSERT_TRUE(pipeline.reach(GST_STATE_PAUSED)) << i;
        if (i % 2 == 0) {
            ASSERT_TRUE(pipeline.reach(GST_STATE_PLAYING)) << i;
        }
        if (i % 3 == 0) {
            ASSERT_TRUE(pipeline.reach(GST_STATE_READY)) << i;
        }
    }
}

TEST_F(Bins, GoDownAndUpAgain) {
    Pipeline pipeline("videotestsrc num-buffers=500 ! video/x-raw,width=64,height=48 ! "
                      "ringqueue max-size-buffers=3 ! videoconvert ! ringqueue name=q "
                      "leaky=downstream ! fakesink");
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(pipeline.reach(GST_STATE_PAUSED)) << i;
        if (i % 3 != 0) {
            ASSERT_TRUE(pipeline.reach(GST_STATE_PLAYING)) << i;
        }
        ASSERT_TRUE(pipeline.reach(i % 2 == 0 ? GST_STATE_READY : GST_STATE_NULL)) << i;
    }
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    EXPECT_EQ(pipeline.ending(), "eos");
}

TEST_F(Bins, CarryAudioAndVideoThroughAMuxerAndADemuxer) {
    TACTUS_NEEDS("matroskamux", "matroskademux", "jpegenc", "jpegdec");
    Pipeline pipeline(
        "matroskamux streamable=true name=m ! ringqueue ! matroskademux name=d "
        "videotestsrc num-buffers=100 ! video/x-raw,width=64,height=48,framerate=50/1 ! jpegenc ! "
        "ringqueue ! m. "
        "audiotestsrc num-buffers=200 samplesperbuffer=441 ! ringqueue ! m. "
        "d.video_0 ! ringqueue name=vq ! jpegdec ! fakesink name=v sync=false "
        "d.audio_0 ! ringqueue name=aq ! audioconvert ! fakesink name=a sync=false");
    std::atomic<int> video{0};
    std::atomic<int> audio{0};
    pipeline.count_into("v", video);
    pipeline.count_into("a", audio);
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    EXPECT_EQ(pipeline.ending(), "eos");
    EXPECT_EQ(video, 100);
    EXPECT_EQ(audio, 200);
}

TEST_F(Bins, PlayAFileWithTwoBranchesAndSeekInIt) {
    TACTUS_NEEDS("matroskamux", "decodebin", "jpegenc", "jpegdec", "wavenc");
    const std::string file = muxed_file();
    {
        Pipeline writer(
            "matroskamux name=m ! filesink location=\"" + file +
            "\" "
            "videotestsrc num-buffers=250 ! video/x-raw,width=64,height=48,framerate=25/1 ! "
            "jpegenc ! ringqueue ! m. "
            "audiotestsrc num-buffers=1000 samplesperbuffer=441 ! ringqueue ! m.");
        gst_element_set_state(writer.get(), GST_STATE_PLAYING);
        ASSERT_EQ(writer.ending(), "eos");
    }
    for (const bool playing : {false, true}) {
        Pipeline player("filesrc location=\"" + file +
                        "\" ! decodebin name=d "
                        "d. ! video/x-raw ! ringqueue name=vq max-size-buffers=4 ! videoconvert ! "
                        "fakesink name=v sync=true "
                        "d. ! audio/x-raw ! ringqueue name=aq ! audioconvert ! audioresample ! "
                        "fakesink name=a sync=true");
        seek_about(player, playing);
        EXPECT_EQ(player.stat("vq", "buffers-dropped"), 0u);
        EXPECT_EQ(player.stat("aq", "buffers-dropped"), 0u);
    }
    std::filesystem::remove(file);
}

TEST_F(Bins, FeedTwoBranchesFromALiveSourceThatLeak) {
    Pipeline pipeline("videotestsrc is-live=true num-buffers=50 ! "
                      "video/x-raw,width=64,height=48,framerate=100/1 ! tee name=t "
                      "t. ! ringqueue name=a leaky=downstream max-size-buffers=2 ! "
                      "fakesink name=s sync=true "
                      "t. ! ringqueue name=b leaky=upstream max-size-buffers=2 ! fakesink");
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    EXPECT_EQ(pipeline.ending(), "eos");
    for (const char* queue : {"a", "b"}) {
        EXPECT_EQ(pipeline.stat(queue, "buffers-in"), 50u);
        EXPECT_EQ(pipeline.stat(queue, "buffers-out") + pipeline.stat(queue, "buffers-dropped"),
                  50u);
    }
}
