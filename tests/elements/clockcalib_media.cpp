// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Codecs, muxers, mixers and the like: elements that make new buffers, reorder, join, split, repeat
// or leave out. The truth is the picture's or the sample's own time.
#include "traced_pipeline.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <unistd.h>

using namespace tactus::traced;

namespace {

class Media : public ::testing::Test {
  protected:
    void SetUp() override {
        gst_init(nullptr, nullptr);
        reset_figures();
    }
};

guint64 number_of(const Pipeline& p, const char* element, const char* property) {
    GstElement* found = gst_bin_get_by_name(GST_BIN(p.get()), element);
    guint64 number = 0;
    g_object_get(found, property, &number, nullptr);
    gst_object_unref(found);
    return number;
}

std::string clip() {
    const char* path = std::getenv("TACTUS_CLIP");
    return path != nullptr && std::filesystem::exists(path) ? path : "";
}

constexpr const char* kFrames =
    "videotestsrc name=src num-buffers=300 ! video/x-raw,width=64,height=64,framerate=100/1 ! ";
constexpr const char* kEncoder = "x264enc name=enc bframes=2 b-adapt=false rc-lookahead=20 "
                                 "key-int-max=100 speed-preset=superfast";

std::string live_video(const std::string& name, int buffers, const std::string& rate,
                       const std::string& more = "") {
    return "videotestsrc is-live=true name=" + name + " num-buffers=" + std::to_string(buffers) +
           " " + more + " ! video/x-raw,width=64,height=64,framerate=" + rate;
}

std::string live_audio(const std::string& name, int buffers, int samples) {
    return "audiotestsrc is-live=true name=" + name + " num-buffers=" + std::to_string(buffers) +
           " samplesperbuffer=" + std::to_string(samples) +
           " ! audio/x-raw,format=S16LE,rate=48000,channels=1";
}

void expect_inferred(const Figures& figures, const Pipeline& p, const char* source, bool expected) {
    const PathFigures path = figures.path(p.path(source), p.path("sink"));
    if (expected) {
        EXPECT_EQ(path.inferred, path.buffers) << source;
    } else {
        EXPECT_EQ(path.inferred, 0U) << source;
    }
}

/// Buffers of all paths to that sink.
std::uint64_t recorded_at(const Figures& figures, const std::string& sink) {
    std::uint64_t buffers = 0;
    for (const PathFigures& path : figures.paths())
        buffers += path.sink == sink ? path.buffers : 0;
    return buffers;
}

} // namespace

TEST_F(Media, AllFramesOfAnEncoderWithBFramesAndLookaheadAreRecorded) {
    TACTUS_NEEDS("x264enc");
    Pipeline p("x264", std::string(kFrames) + kEncoder + " ! fakesink name=sink");
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch("enc");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_EQ(arrivals.count(), 300U);
    expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
    const ElementFigures encoder = figures.element(p.path("enc"));
    EXPECT_EQ(encoder.in, 300U);
    EXPECT_EQ(encoder.out, 300U);
    EXPECT_GT(encoder.reorder_depth_max, 0U);
    expect_truth(encoder.residence, truth_between(out, arrivals), "x264: in the encoder");
    expect_inferred(figures, p, "src", false);
    expect_nothing_left(figures, p);
}

TEST_F(Media, AllFramesSurviveEncoderParserAndDecoder) {
    TACTUS_NEEDS("x264enc", "h264parse", "avdec_h264");
    Pipeline p("x264-avdec", std::string(kFrames) + kEncoder +
                                 " ! h264parse name=parse ! avdec_h264 name=dec ! "
                                 "fakesink name=sink");
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch("dec");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_EQ(arrivals.count(), 300U);
    expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
    expect_nothing_left(figures, p);
}

TEST_F(Media, TheOldestAndTheNewestSampleOfAJoinedBufferAreTold) {
    TACTUS_NEEDS("audiobuffersplit");
    Pipeline p("split", live_audio("src", 100, 480) +
                            " ! audiobuffersplit name=split output-buffer-duration=1/10 ! "
                            "fakesink name=sink");
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch("split");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_EQ(arrivals.count(), 10U);
    expect_path(figures, p, "src", "sink", truth_of_content(out, arrivals, Content::oldest));
    const PathFigures path = figures.path(p.path("src"), p.path("sink"));
    expect_truth(path.newest, truth_of_content(out, arrivals, Content::newest), "split: newest");
    EXPECT_GT(path.latency.p50, 80 * GST_MSECOND);
    expect_nothing_left(figures, p);
}

TEST_F(Media, TheOldestSampleOfAFragmentWaitsForAllOfIt) {
    TACTUS_NEEDS("x264enc", "h264parse", "mp4mux");
    Pipeline p("mp4", live_video("src", 100, "100/1", "pattern=snow") +
                          " ! x264enc name=enc tune=zerolatency speed-preset=ultrafast "
                          "key-int-max=10 ! h264parse ! "
                          "capsfilter name=avc caps=video/x-h264,stream-format=avc ! "
                          "mp4mux name=mux fragment-duration=100 ! fakesink name=sink");
    const Watch& out = p.watch("src");
    const Watch& encoded = p.watch("enc");
    const Watch& samples = p.watch("avc", "src", Key::content);
    const Watch& arrivals = p.watch("mux", "src", Key::content);
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    // A sample in the file is known by its bytes, and by its place among the samples.
    ASSERT_EQ(samples.count(), 100U);
    ASSERT_EQ(encoded.count(), 100U);
    std::map<std::uint64_t, Passage> departures;
    for (std::size_t i = 0; i < 100; ++i)
        departures[samples.passages()[i].key] = out.passages()[i];
    Truth truth;
    for (const Passage& arrival : arrivals.passages())
        if (const auto found = departures.find(arrival.key); found != departures.end())
            truth.add(found->second, arrival);
    ASSERT_EQ(truth.at_least.size(), 100U) << "each sample must leave the muxer";
    const PathFigures path = figures.path(p.path("src"), p.path("sink"));
    EXPECT_GE(path.buffers, 100U);
    const auto worst = std::max_element(truth.at_least.begin(), truth.at_least.end());
    Truth oldest;
    oldest.at_least = {*worst};
    oldest.at_most = {*std::max_element(truth.at_most.begin(), truth.at_most.end())};
    expect_truth({path.latency.max, 0, 0, path.latency.max}, oldest, "mp4: oldest of a fragment");
    expect_nothing_left(figures, p);
}

TEST_F(Media, BothSourcesOfACompositorAreMeasured) {
    TACTUS_NEEDS("compositor");
    Pipeline p(
        "mix",
        "compositor name=c latency=1000000000 ! video/x-raw,framerate=50/1 ! fakesink name=sink " +
            live_video("a", 40, "50/1") + " ! queue ! c. " +
            live_video("b", 40, "50/1", "pattern=ball") +
            " ! queue ! identity sleep-time=8000 ! c.");
    const Watch& a = p.watch("a");
    const Watch& b = p.watch("b");
    const Watch& arrivals = p.watch("c");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    // Of several pictures in the time of one, a compositor shows the newest. When one source starts
    // or ends before the other, it may show nothing of that one for a picture.
    expect_path(figures, p, "a", "sink", truth_of_content(a, arrivals, Content::newest),
                2 + arrivals_outside(a, arrivals));
    expect_path(figures, p, "b", "sink", truth_of_content(b, arrivals, Content::newest),
                2 + arrivals_outside(b, arrivals));
    expect_inferred(figures, p, "a", true);
    expect_inferred(figures, p, "b", true);
    expect_nothing_left(figures, p, {"c"});
}

TEST_F(Media, OpusIsFollowedOverRtpAndBack) {
    TACTUS_NEEDS("opusenc", "rtpopuspay", "rtpopusdepay", "opusdec");
    Pipeline p("opus", live_audio("src", 60, 960) +
                           " ! opusenc frame-size=20 ! rtpopuspay ! rtpopusdepay ! "
                           "opusdec name=dec ! fakesink name=sink");
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch("dec");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_GE(arrivals.count(), 60U);
    expect_path(figures, p, "src", "sink", truth_of_content(out, arrivals, Content::oldest));
    expect_nothing_left(figures, p);
}

TEST_F(Media, FramesThatVideorateRepeatsAreDuplicates) {
    TACTUS_NEEDS("videorate");
    Pipeline p("rate-up", live_video("src", 30, "25/1", "pattern=snow") +
                              " ! videorate name=rate ! video/x-raw,framerate=75/1 ! "
                              "fakesink name=sink");
    const Watch& out = p.watch("src", "src", Key::content);
    const Watch& arrivals = p.watch("rate", "src", Key::content);
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_GT(number_of(p, "rate", "duplicate"), 30U);
    const ElementFigures rate = figures.element(p.path("rate"));
    EXPECT_EQ(rate.duplicated, number_of(p, "rate", "duplicate"));
    EXPECT_EQ(rate.out, arrivals.count());
    EXPECT_EQ(figures.element(p.path("sink")).duplicated, rate.duplicated);
    expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
    expect_nothing_left(figures, p);
}

TEST_F(Media, FramesThatVideorateLeavesOutAreDrops) {
    TACTUS_NEEDS("videorate");
    Pipeline p("rate-down", live_video("src", 90, "75/1", "pattern=snow") +
                                " ! videorate name=rate ! video/x-raw,framerate=25/1 ! "
                                "fakesink name=sink");
    const Watch& out = p.watch("src", "src", Key::content);
    const Watch& arrivals = p.watch("rate", "src", Key::content);
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_GT(number_of(p, "rate", "drop"), 30U);
    EXPECT_EQ(figures.element(p.path("rate")).dropped, number_of(p, "rate", "drop"));
    expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
    expect_nothing_left(figures, p, {"rate"});
}

TEST_F(Media, BothSourcesOfAnAudiomixerAreInferred) {
    TACTUS_NEEDS("audiomixer");
    // What a mixer makes before any source has begun is silence, and of no source.
    Pipeline p("audiomix", "audiomixer name=m latency=1000000000 output-buffer-duration=10000000 "
                           "start-time-selection=first ! fakesink name=sink " +
                               live_audio("a", 80, 480) + " ! queue ! m. " +
                               live_audio("b", 80, 480) +
                               " ! queue ! identity sleep-time=3000 "
                               "! m.");
    const Watch& a = p.watch("a");
    const Watch& b = p.watch("b");
    const Watch& arrivals = p.watch("m");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    expect_path(figures, p, "a", "sink", truth_of_content(a, arrivals, Content::oldest));
    expect_path(figures, p, "b", "sink", truth_of_content(b, arrivals, Content::oldest));
    expect_inferred(figures, p, "a", true);
    expect_inferred(figures, p, "b", true);
    expect_nothing_left(figures, p, {"m"});
}

TEST_F(Media, ATransportStreamIsInferred) {
    TACTUS_NEEDS("x264enc", "mpegtsmux");
    Pipeline p("ts", live_video("src", 80, "100/1") +
                         " ! x264enc tune=zerolatency speed-preset=ultrafast ! "
                         "mpegtsmux name=mux ! fakesink name=sink");
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch("mux");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    // The muxer counts its time from the first frame's, so the truth is the order: each new time
    // stamp is that of the next frame.
    ASSERT_EQ(out.count(), 80U);
    Truth truth;
    std::set<std::uint64_t> moments;
    for (const Passage& arrival : arrivals.passages()) {
        moments.insert(arrival.key);
        ASSERT_LE(moments.size(), 80U);
        truth.add(out.passages()[moments.size() - 1], arrival);
    }
    EXPECT_EQ(moments.size(), 80U);
    expect_path(figures, p, "src", "sink", truth);
    expect_inferred(figures, p, "src", true);
    expect_nothing_left(figures, p);
}

TEST_F(Media, FieldsOfADeinterlacerAreFollowed) {
    TACTUS_NEEDS("deinterlace");
    Pipeline p("fields", "videotestsrc is-live=true name=src num-buffers=40 ! video/x-raw,"
                         "width=64,height=64,framerate=50/1,interlace-mode=interleaved ! "
                         "deinterlace name=d fields=all method=linear ! fakesink name=sink");
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch("d");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_GT(arrivals.count(), 70U);
    expect_path(figures, p, "src", "sink", truth_of_content(out, arrivals, Content::oldest));
    expect_nothing_left(figures, p);
}

TEST_F(Media, FramesOfADemuxerThatPullsAreRecorded) {
    TACTUS_NEEDS("avidemux");
    if (clip().empty())
        GTEST_SKIP() << "no clip: TACTUS_CLIP is unset or names no file";
    Pipeline p("pull", "filesrc name=src location=\"" + clip() +
                           "\" ! avidemux name=demux ! queue ! identity name=last ! "
                           "fakesink name=sink");
    const Watch& arrivals = p.watch("last");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_GT(arrivals.count(), 100U);
    EXPECT_EQ(recorded_at(figures, p.path("sink")), arrivals.count()) << figures.text();
    EXPECT_EQ(figures.element(p.path("last")).out, arrivals.count());
    expect_nothing_left(figures, p, {"src"});
}

// Its header, its index and what is in between are read, and come out of no pad.
TEST_F(Media, BlocksOfAFileAreNotDroppedByADemuxer) {
    TACTUS_NEEDS("taginject", "matroskamux", "matroskademux");
    const std::string file = testing::TempDir() + "clockcalib-" + std::to_string(getpid()) + ".mkv";
    Pipeline write("write", "audiotestsrc num-buffers=10 ! audio/x-raw,rate=8000,format=S16LE ! "
                            "taginject tags=comment=" +
                                std::string(12000, 'x') + " ! matroskamux ! filesink location=\"" +
                                file + "\"");
    ASSERT_EQ(write.run(), "eos");
    write.stop();
    for (const std::string between : {"", "queue ! "}) { // pulled, and pushed
        const std::string how = between.empty() ? "pulled" : "pushed";
        reset_figures();
        Pipeline p(how, "filesrc name=src location=\"" + file + "\" ! " + between +
                            "matroskademux name=demux ! fakesink name=sink");
        ASSERT_EQ(p.run(), "eos");
        const Figures figures = take_figures();
        EXPECT_GT(figures.element(p.path("demux")).in, between.empty() ? 0U : 3U) << how;
        EXPECT_GT(figures.element(p.path("sink")).in, 3U) << how;
        expect_nothing_left(figures, p);
    }
    std::filesystem::remove(file);
}

TEST_F(Media, FramesOutOfADecodebinAreRecorded) {
    TACTUS_NEEDS("decodebin");
    if (clip().empty())
        GTEST_SKIP() << "no clip: TACTUS_CLIP is unset or names no file";
    Pipeline p("decodebin", "filesrc name=src location=\"" + clip() +
                                "\" ! decodebin name=d ! queue ! identity name=last ! "
                                "fakesink name=sink");
    const Watch& arrivals = p.watch("last");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_GT(arrivals.count(), 100U);
    EXPECT_EQ(recorded_at(figures, p.path("sink")), arrivals.count()) << figures.text();
}
