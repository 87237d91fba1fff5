// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What vkcompute answers about caps, and the caps of what it makes.
#include "compute_harness.h"
#include "launched_pipeline.h"

#include <gst/video/video.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>

using namespace tactus;

namespace {

class Caps : public testing::Test {
  protected:
    void SetUp() override { TACTUS_NEEDS_DEVICE(); }
};

std::string chain_of(unsigned count, const char* before, const char* after) {
    std::string text = before;
    for (unsigned i = 0; i < count; ++i)
        text += " ! vkcompute shader=invert";
    return text + " ! " + after;
}

// The number of structures in the filters that come to a pad.
GstPadProbeReturn note_filter(GstPad*, GstPadProbeInfo* info, gpointer most) {
    GstQuery* const query = GST_PAD_PROBE_INFO_QUERY(info);
    GstCaps* filter = nullptr;
    if (GST_QUERY_TYPE(query) == GST_QUERY_CAPS)
        gst_query_parse_caps(query, &filter);
    if (filter != nullptr)
        *static_cast<guint*>(most) =
            std::max(*static_cast<guint*>(most), gst_caps_get_size(filter));
    return GST_PAD_PROBE_OK;
}

// What gets longer with each element doubles with each: 20 are a million times more.
TEST_F(Caps, TwentyInARowAnswerWithAFewStructures) {
    LaunchedPipeline pipeline(chain_of(20, "identity name=first", "fakesink name=last"));
    gst_element_set_state(pipeline.get(), GST_STATE_READY);
    GstPad* const sink = gst_element_get_static_pad(pipeline.child("last"), "sink");
    guint most = 0;
    gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, note_filter, &most, nullptr);
    GstPad* const src = gst_element_get_static_pad(pipeline.child("first"), "src");
    for (const char* text : {"video/x-raw,format=RGBA,width=32,height=32,framerate=30/1",
                             "video/x-raw; video/x-raw(ANY); audio/x-raw"}) {
        GstCaps* filter = gst_caps_from_string(text);
        GstCaps* answer = gst_pad_peer_query_caps(src, filter);
        EXPECT_FALSE(gst_caps_is_empty(answer)) << text;
        EXPECT_LE(gst_caps_get_size(answer), 6U) << text;
        EXPECT_LE(most, 6U) << text;
        gst_caps_unref(answer);
        gst_caps_unref(filter);
    }
    EXPECT_GT(most, 0U);
    gst_object_unref(src);
    gst_object_unref(sink);
}

TEST_F(Caps, TwentyInARowRun) {
    LaunchedPipeline pipeline(chain_of(
        20, "videotestsrc num-buffers=2 ! video/x-raw,format=GRAY8,width=16,height=8", "fakesink"));
    pipeline.play();
    EXPECT_EQ(pipeline.wait(), "");
}

// --- fields

constexpr const char* kNv12 = "video/x-raw,format=NV12,width=32,height=24,framerate=30/1";

GstBuffer* frame_for(const std::string& text) {
    GstCaps* caps = gst_caps_from_string(text.c_str());
    GstVideoInfo info;
    EXPECT_TRUE(gst_video_info_from_caps(&info, caps)) << text;
    gst_caps_unref(caps);
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, info.size, nullptr);
    gst_buffer_memset(buffer, 0, 0, info.size);
    GST_BUFFER_PTS(buffer) = 0;
    return buffer;
}

// The caps of what comes of a frame with these, as a text; or what is wrong.
std::string made_of(const std::string& properties, const std::string& caps) {
    ComputeHarness harness(properties);
    harness.set_caps(caps);
    if (harness.push(frame_for(caps)) != GST_FLOW_OK)
        return harness.complaint();
    gst_buffer_unref(harness.pull());
    GstCaps* made = gst_pad_get_current_caps(harness.get()->sinkpad);
    gchar* text = gst_caps_to_string(made);
    std::string result = text;
    g_free(text);
    gst_caps_unref(made);
    return result;
}

std::string normal(const std::string& caps) {
    GstCaps* parsed = gst_caps_from_string(caps.c_str());
    gchar* text = gst_caps_to_string(parsed);
    std::string result = text;
    g_free(text);
    gst_caps_unref(parsed);
    return result;
}

constexpr const char* kExtraFields[] = {
    "",
    ",multiview-mode=(string)side-by-side",
    ",multiview-mode=(string)top-bottom,multiview-flags=(GstVideoMultiviewFlagsSet)0:ffffffff",
    ",content-light-level=(string)1000:400",
    ",mastering-display-info=(string)13250:34500:7500:3000:34000:16000:15635:16450:10000000:500",
    ",max-framerate=(fraction)60/1",
    ",pixel-aspect-ratio=(fraction)4/3",
    ",colorimetry=(string)bt709,chroma-site=(string)jpeg",
    ",foo=(string)bar",
};

TEST_F(Caps, FieldsStayWithShadersThatKeepSizeAndFormat) {
    for (const char* more : kExtraFields)
        for (const char* shader : {"shader=invert", "shader=motion", "shader=scale-lanczos"})
            EXPECT_EQ(made_of(shader, kNv12 + std::string(more)), normal(kNv12 + std::string(more)))
                << shader;
}

TEST_F(Caps, OfInterlacedFramesStay) {
    const std::string caps =
        std::string(kNv12) + ",interlace-mode=interleaved,field-order=top-field-first";
    EXPECT_EQ(made_of("shader=histogram", caps), normal(caps));
}

TEST_F(Caps, AnotherSizeLeavesTheOtherFields) {
    for (const char* more : kExtraFields) {
        if (std::string(more).find("pixel") != std::string::npos)
            continue;
        std::string expected = kNv12 + std::string(more);
        expected.replace(expected.find("32,height=24"), 12, "16,height=12");
        EXPECT_EQ(made_of("shader=scale-bilinear out-caps=\"video/x-raw,width=16,height=12\"",
                          kNv12 + std::string(more)),
                  normal(expected));
    }
}

TEST_F(Caps, AnotherFormatTakesAlongWhatStillHolds) {
    const std::string rgba = "video/x-raw,format=RGBA,width=32,height=24,framerate=30/1";
    const std::string more = ",content-light-level=(string)1000:400,foo=(string)bar";
    EXPECT_EQ(made_of("shader=nv12-to-rgba", kNv12 + more), normal(rgba + more));
    EXPECT_EQ(made_of("shader=nv12-to-rgba",
                      kNv12 + std::string(",colorimetry=(string)bt709,chroma-site=mpeg2")),
              normal(rgba + ",colorimetry=(string)1:1:5:1"));
}

// --- proportions

constexpr const char* kSquare = "video/x-raw,format=GRAY8,width=320,height=240,framerate=30/1";

std::string scaled(const std::string& out_caps, const std::string& in = kSquare) {
    return made_of("shader=scale-bilinear out-caps=\"video/x-raw," + out_caps + "\"", in);
}

std::string gray(const std::string& rest) {
    return normal("video/x-raw,format=GRAY8," + rest);
}

TEST_F(Caps, AnotherSizeKeepsTheProportionsOfThePicture) {
    EXPECT_EQ(scaled("width=160"),
              gray("width=160,height=240,framerate=30/1,pixel-aspect-ratio=2/1"));
    EXPECT_EQ(scaled("width=160,height=120"), gray("width=160,height=120,framerate=30/1"));
    EXPECT_EQ(scaled("width=160,height=240", kSquare + std::string(",pixel-aspect-ratio=4/3")),
              gray("width=160,height=240,framerate=30/1,pixel-aspect-ratio=8/3"));
}

TEST_F(Caps, ThePixelAspectRatioOfOutCapsIsMet) {
    EXPECT_EQ(scaled("width=160,pixel-aspect-ratio=1/1"),
              gray("width=160,height=120,framerate=30/1"));
    EXPECT_EQ(scaled("pixel-aspect-ratio=2/1"),
              gray("width=160,height=240,framerate=30/1,pixel-aspect-ratio=2/1"));
    EXPECT_EQ(scaled("width=100,height=100,pixel-aspect-ratio=1/2"),
              gray("width=100,height=100,framerate=30/1,pixel-aspect-ratio=1/2"));
}

TEST_F(Caps, OutCapsThatCannotBeMetAreAnErrorThatNamesTheField) {
    const std::string text = scaled("width=160,framerate=60/1,interlace-mode=progressive");
    EXPECT_NE(text.find("framerate is 30/1, not 60/1"), std::string::npos) << text;
    EXPECT_EQ(text.find("interlace-mode is"), std::string::npos) << text;
    const std::string side = scaled("width=40000");
    EXPECT_NE(side.find("width must be a number from 1 to 32768, not 40000"), std::string::npos)
        << side;
    const std::string format = scaled("format=YUY2");
    EXPECT_NE(format.find("format must be one of RGBA, "), std::string::npos) << format;
    EXPECT_NE(format.find(", not YUY2"), std::string::npos) << format;
}

// --- what shaders say that they convert

TEST_F(Caps, AShaderIsNotAskedForWhatItDoesNotConvert) {
    const struct {
        const char* properties;
        const char* caps;
        const char* complaint;
    } kCases[] = {
        {"shader=scale-lanczos out-caps=video/x-raw,format=BGRA", "RGBA",
         "asks for BGRA, but scale-lanczos makes RGBA, the format that it gets; let videoconvert"},
        {"shader=scale-bilinear out-caps=video/x-raw,format=I420", "RGBA", "asks for I420"},
        {"shader=invert out-caps=video/x-raw,format=NV12", "RGBA", "but invert makes RGBA"},
        {"shader=nv12-to-rgba out-caps=video/x-raw,format=BGRA", "NV12",
         "but nv12-to-rgba makes RGBA; let videoconvert do that"},
        {"shader=gaussian passes=<sobel> out-caps=\"video/x-raw,width=64,height=48\"", "RGBA",
         "asks for a frame of 64x48, but gaussian, sobel makes one of 32x24"},
        {"shader=motion out-caps=\"video/x-raw,width=64,height=48\"", "RGBA", "but motion makes"},
        {"shader=invert out-caps=\"video/x-raw,pixel-aspect-ratio=2/1\"", "RGBA",
         "asks for a frame of 16x24"},
    };
    for (const auto& c : kCases) {
        std::string caps = kNv12;
        caps.replace(caps.find("NV12"), 4, c.caps);
        const std::string text = made_of(c.properties, caps);
        EXPECT_NE(text.find(c.complaint), std::string::npos) << c.properties << ": " << text;
    }
}

TEST_F(Caps, OutCapsMayAskForWhatThereIsAnyway) {
    EXPECT_EQ(made_of("shader=invert out-caps=\"video/x-raw,format=NV12,width=32\"", kNv12),
              normal(kNv12));
}

constexpr const char* kSaysNothing =
    "\"\n#include <tactus/planes.glsl>\nTACTUS_WORKGROUP;\n"
    "void main() { tactus_store(gl_GlobalInvocationID.xy, vec4(1)); }\"";

// Others that say nothing are asked for anything; what they make of it is theirs.
TEST_F(Caps, AShaderThatSaysNothingIsBelieved) {
    const std::string text = made_of(std::string("shader=") + kSaysNothing +
                                         " out-caps=\"video/x-raw,format=BGRA,width=16,height=12\"",
                                     "video/x-raw,format=RGBA,width=32,height=24,framerate=30/1");
    EXPECT_EQ(text, normal("video/x-raw,format=BGRA,width=16,height=12,framerate=30/1"));
}

// A plot, say, is no picture that was scaled.
TEST_F(Caps, AShaderThatSaysNothingKeepsThePixelAspectRatio) {
    const std::string text = made_of(
        std::string("shader=") + kSaysNothing + " out-caps=\"video/x-raw,width=8,height=24\"",
        "video/x-raw,format=RGBA,width=32,height=24,framerate=30/1,pixel-aspect-ratio=1/1");
    EXPECT_EQ(text, normal("video/x-raw,format=RGBA,width=8,height=24,framerate=30/1,"
                           "pixel-aspect-ratio=1/1"));
}

TEST_F(Caps, TheShaderThatScalesDoesSoWhereverItStands) {
    for (const char* properties :
         {"shader=scale-bilinear passes=<invert>", "shader=invert passes=<scale-bilinear>",
          "shader=gaussian passes=<invert,scale-bilinear,gaussian>"}) {
        ComputeHarness harness(properties +
                               std::string(" out-caps=\"video/x-raw,width=20,height=30\""));
        Picture in(PixelFormat::gray8, 41, 17);
        in.fill(5);
        const auto out = harness.process(in);
        ASSERT_TRUE(out) << properties;
        const bool blurs = std::string(properties).find("gaussian") != std::string::npos;
        Picture expected = reference_invert(blurs ? reference_gaussian(in) : in);
        expected = reference_bilinear(expected, 20, 30);
        if (blurs)
            expected = reference_gaussian(expected);
        EXPECT_LE(difference(*out, expected).largest, 2U) << properties;
    }
}

// --- downstream's wishes

std::string sink_caps(GstElement* sink) {
    GstPad* pad = gst_element_get_static_pad(sink, "sink");
    GstCaps* caps = gst_pad_get_current_caps(pad);
    gchar* text = gst_caps_to_string(caps);
    std::string result = text;
    g_free(text);
    gst_caps_unref(caps);
    gst_object_unref(pad);
    return result;
}

std::string launched(const std::string& middle) {
    LaunchedPipeline pipeline(
        "videotestsrc num-buffers=2 ! video/x-raw,format=GRAY8,width=64,height=48,framerate=30/1 "
        "! " +
        middle + " ! fakesink name=sink");
    pipeline.play();
    const std::string wrong = pipeline.wait();
    return wrong.empty() ? sink_caps(pipeline.child("sink")) : wrong;
}

TEST_F(Caps, AShaderThatScalesMakesTheSizeThatDownstreamAsksFor) {
    const auto has = [](const std::string& text, const char* part) {
        return text.find(part) != std::string::npos;
    };
    const std::string both =
        launched("vkcompute shader=scale-bilinear ! video/x-raw,width=32,height=24");
    EXPECT_TRUE(has(both, "width=(int)32, height=(int)24")) << both;
    const std::string square = launched("vkcompute shader=scale-lanczos ! "
                                        "video/x-raw,width=[1,40],pixel-aspect-ratio=1/1");
    EXPECT_TRUE(has(square, "width=(int)40, height=(int)30")) << square;
    const std::string free = launched("vkcompute shader=scale-lanczos");
    EXPECT_TRUE(has(free, "width=(int)64, height=(int)48")) << free;
    const std::string row = launched("vkcompute shader=invert ! vkcompute shader=scale-bilinear ! "
                                     "vkcompute shader=invert ! video/x-raw,width=16,height=24");
    EXPECT_TRUE(has(row, "width=(int)16, height=(int)24")) << row;
    EXPECT_TRUE(has(row, "pixel-aspect-ratio=(fraction)2/1")) << row;
}

TEST_F(Caps, DownstreamMayChangeItsMind) {
    ComputeHarness harness("shader=scale-bilinear");
    gst_harness_set_sink_caps_str(harness.get(), "video/x-raw,width=16,height=12");
    harness.set_caps(kSquare);
    for (const char* wish : {"width=(int)16, height=(int)12", "width=(int)80, height=(int)60"}) {
        ASSERT_EQ(harness.push(frame_for(kSquare)), GST_FLOW_OK) << harness.complaint();
        gst_buffer_unref(harness.pull());
        GstCaps* caps = gst_pad_get_current_caps(harness.get()->sinkpad);
        gchar* text = gst_caps_to_string(caps);
        EXPECT_NE(std::string(text).find(wish), std::string::npos) << text;
        g_free(text);
        gst_caps_unref(caps);
        gst_harness_set_sink_caps_str(harness.get(), "video/x-raw,width=80,height=60");
        gst_harness_push_upstream_event(harness.get(), gst_event_new_reconfigure());
    }
}

TEST_F(Caps, ThatDoNotMeetAreAnErrorThatSaysWhatWould) {
    for (const char* middle : {"vkcompute shader=invert ! video/x-raw,width=32,height=24",
                               "vkcompute shader=sobel ! video/x-raw,format=RGB"}) {
        LaunchedPipeline pipeline("videotestsrc num-buffers=2 ! video/x-raw,width=64,height=48 ! " +
                                  std::string(middle) + " ! fakesink");
        pipeline.play();
        const std::string text = pipeline.wait();
        EXPECT_NE(text.find("does not become what downstream takes"), std::string::npos) << text;
    }
}

TEST_F(Caps, ThatTheShaderDoesNotTakeAreAnErrorThatSaysWhatItTakes) {
    for (const auto& [upstream, offered] :
         {std::pair("audiotestsrc num-buffers=2", "audio/x-raw"),
          std::pair("videotestsrc num-buffers=2 ! video/x-raw,format=GRAY8",
                    "video/x-raw (GRAY8)")}) {
        LaunchedPipeline pipeline(std::string(upstream) +
                                  " ! vkcompute shader=nv12-to-rgba ! fakesink");
        pipeline.play();
        EXPECT_EQ(pipeline.wait(), "nv12-to-rgba: upstream offers " + std::string(offered) +
                                       ", not video/x-raw (NV12)");
    }
}

// It asks whether its own caps would do before it takes others.
TEST_F(Caps, AConverterThatWouldRatherDoNothingIsNoReasonToComplain) {
    const std::string caps = video_caps(PixelFormat::gray8, 64, 48);
    LaunchedPipeline pipeline("appsrc name=in format=time caps=\"" + caps +
                              "\" ! videoscale name=converter ! vkcompute shader=invert ! "
                              "video/x-raw,width=32,height=24 ! fakesink");
    pipeline.play();
    GstPad* const pad = gst_element_get_static_pad(pipeline.child("converter"), "src");
    GstCaps* const own = gst_caps_from_string(caps.c_str());
    EXPECT_FALSE(gst_pad_peer_query_accept_caps(pad, own));
    gst_caps_unref(own);
    gst_object_unref(pad);
    GstFlowReturn flow = GST_FLOW_ERROR;
    GstBuffer* const buffer = buffer_of(Picture(PixelFormat::gray8, 64, 48));
    g_signal_emit_by_name(pipeline.child("in"), "push-buffer", buffer, &flow);
    gst_buffer_unref(buffer);
    g_signal_emit_by_name(pipeline.child("in"), "end-of-stream", &flow);
    GstMessage* const message = pipeline.wait_for(
        static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING));
    ASSERT_NE(message, nullptr);
    EXPECT_STREQ(GST_MESSAGE_TYPE_NAME(message), "eos");
    gst_message_unref(message);
}

// Also if they come while it is looked into.
TEST_F(Caps, AMisfitIsNotToldOnceThereWereCaps) {
    ComputeHarness harness("shader=invert");
    GstHarness* const h = harness.get();
    const std::string fits = video_caps(PixelFormat::gray8, 32, 24);
    gst_harness_set_sink_caps_str(h, fits.c_str());
    // Upstream offers these alone; the first time they are in force by then.
    const auto offer = [](GstPad* pad, GstPadProbeInfo* info, gpointer data) {
        GstQuery* const query = GST_PAD_PROBE_INFO_QUERY(info);
        if (GST_QUERY_TYPE(query) != GST_QUERY_CAPS)
            return GST_PAD_PROBE_OK;
        GstCaps* const caps = static_cast<GstCaps*>(data);
        if (!gst_pad_has_current_caps(pad)) {
            gst_pad_push_event(pad, gst_event_new_stream_start("stream"));
            gst_pad_push_event(pad, gst_event_new_caps(caps));
        }
        gst_query_set_caps_result(query, caps);
        return GST_PAD_PROBE_HANDLED;
    };
    GstCaps* const small = gst_caps_from_string(fits.c_str());
    GstCaps* const large = gst_caps_from_string(kSquare);
    gst_pad_add_probe(h->srcpad, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, offer, small, nullptr);
    EXPECT_FALSE(gst_pad_peer_query_accept_caps(h->srcpad, large));
    ASSERT_EQ(harness.stat("latency"), GST_SECOND / 30) << "caps have come";
    gst_harness_set_sink_caps_str(h, video_caps(PixelFormat::gray8, 16, 12).c_str());
    EXPECT_FALSE(gst_pad_peer_query_accept_caps(h->srcpad, large));
    EXPECT_EQ(harness.complaint(GST_MESSAGE_ERROR), "");
    gst_caps_unref(small);
    gst_caps_unref(large);
}

TEST_F(Caps, OfSeveralStructuresInOutCapsTheFirstCounts) {
    const std::string out_caps = " out-caps=\"video/x-raw,width=16,height=12; "
                                 "video/x-raw,width=8,height=6\"";
    const std::string caps = gray("width=16,height=12,framerate=30/1");
    EXPECT_EQ(made_of("shader=scale-bilinear" + out_caps, kSquare), caps);
    ComputeHarness harness("shader=scale-bilinear" + out_caps);
    GstCaps* offered = gst_pad_peer_query_caps(harness.get()->sinkpad, nullptr);
    GstCaps* second = gst_caps_from_string("video/x-raw(ANY),width=8,height=6");
    EXPECT_FALSE(gst_caps_can_intersect(offered, second));
    gst_caps_unref(second);
    gst_caps_unref(offered);
}

// --- places in the picture

struct Region {
    guint x, y, w, h;
    bool operator==(const Region&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Region& r) {
    return out << r.x << "," << r.y << "," << r.w << "," << r.h;
}

class Places : public Caps {
  protected:
    // The buffer that comes of one of 40x30 with a region, bars and an AFD, cut if that is asked.
    GstBuffer* push_through(const std::string& properties, const Region& region, bool cut) {
        harness_.emplace(properties);
        const std::string caps = "video/x-raw,format=RGBA,width=40,height=30,framerate=30/1";
        harness_->set_caps(caps);
        GstBuffer* buffer = frame_for(caps);
        GstVideoRegionOfInterestMeta* face = gst_buffer_add_video_region_of_interest_meta(
            buffer, "face", region.x, region.y, region.w, region.h);
        face->id = 7;
        gst_video_region_of_interest_meta_add_param(
            face, gst_structure_new("who", "name", G_TYPE_STRING, "Ada", nullptr));
        gst_buffer_add_video_bar_meta(buffer, 0, TRUE, 4, 26);
        gst_buffer_add_video_afd_meta(buffer, 0, GST_VIDEO_AFD_SPEC_ATSC_A53,
                                      GST_VIDEO_AFD_4_3_FULL_16_9_FULL);
        if (cut) {
            GstVideoCropMeta* crop = gst_buffer_add_video_crop_meta(buffer);
            crop->x = 5;
            crop->y = 7;
            crop->width = 20;
            crop->height = 12;
        }
        EXPECT_EQ(harness_->push(buffer), GST_FLOW_OK) << harness_->complaint();
        return harness_->pull();
    }

    static Region region_of(GstBuffer* buffer) {
        const auto* meta = gst_buffer_get_video_region_of_interest_meta_id(buffer, 7);
        return meta != nullptr ? Region{meta->x, meta->y, meta->w, meta->h} : Region{};
    }
    static Region bars_of(GstBuffer* buffer) {
        auto* meta = reinterpret_cast<GstVideoBarMeta*>(
            gst_buffer_get_meta(buffer, GST_VIDEO_BAR_META_API_TYPE));
        return meta != nullptr ? Region{0, meta->bar_data1, 0, meta->bar_data2} : Region{};
    }
    static bool has_afd(GstBuffer* buffer) {
        return gst_buffer_get_meta(buffer, GST_VIDEO_AFD_META_API_TYPE) != nullptr;
    }

    std::optional<ComputeHarness> harness_;
};

TEST_F(Places, MoveWithTheSize) {
    GstBuffer* out = push_through(
        "shader=scale-bilinear out-caps=\"video/x-raw,width=20,height=15\"", {10, 10, 8, 8}, false);
    EXPECT_EQ(region_of(out), (Region{5, 5, 4, 4}));
    EXPECT_EQ(bars_of(out), (Region{0, 2, 0, 13}));
    EXPECT_TRUE(has_afd(out));
    auto* face = gst_buffer_get_video_region_of_interest_meta_id(out, 7);
    ASSERT_NE(face, nullptr);
    EXPECT_EQ(face->roi_type, g_quark_from_string("face"));
    EXPECT_NE(gst_video_region_of_interest_meta_get_param(face, "who"), nullptr);
    gst_buffer_unref(out);
}

TEST_F(Places, MoveWithACrop) {
    GstBuffer* out = push_through("shader=invert", {10, 10, 8, 8}, true);
    EXPECT_EQ(region_of(out), (Region{5, 3, 8, 8}));
    EXPECT_EQ(bars_of(out), (Region{0, 0, 0, 12}));
    EXPECT_FALSE(has_afd(out)) << "it speaks of the whole picture";
    gst_buffer_unref(out);
}

TEST_F(Places, AreCutToTheCropAndLeftOutBesideIt) {
    GstBuffer* out = push_through(
        "shader=scale-lanczos out-caps=\"video/x-raw,width=40,height=24\"", {2, 15, 10, 10}, true);
    EXPECT_EQ(region_of(out), (Region{0, 16, 14, 8}));
    gst_buffer_unref(out);
    out = push_through("shader=invert", {30, 0, 8, 8}, true);
    EXPECT_EQ(region_of(out), Region{});
    gst_buffer_unref(out);
}

TEST_F(Places, StayWhereThePictureDoes) {
    for (const char* properties : {"shader=invert", "shader=motion"}) {
        GstBuffer* out = push_through(properties, {10, 10, 80, 8}, false);
        EXPECT_EQ(region_of(out), (Region{10, 10, 80, 8})) << properties;
        EXPECT_EQ(bars_of(out), (Region{0, 4, 0, 26})) << properties;
        EXPECT_TRUE(has_afd(out)) << properties;
        gst_buffer_unref(out);
    }
}

// --- colours

TEST_F(Caps, Nv12IsReadAfterItsColorimetry) {
    const struct {
        const char* colorimetry;
        Nv12Colors colors;
    } kCases[] = {
        {"bt601", {0.299, 0.114, false}},    {"bt709", {0.2126, 0.0722, false}},
        {"bt2020", {0.2627, 0.0593, false}}, {"1:4:0:0", {0.299, 0.114, true}},
        {"1:3:5:1", {0.2126, 0.0722, true}},
    };
    ComputeHarness harness("shader=nv12-to-rgba");
    Picture in(PixelFormat::nv12, 33, 21);
    in.fill(3);
    for (const auto& c : kCases) {
        harness.set_caps(video_caps(PixelFormat::nv12, 33, 21) + ",colorimetry=" + c.colorimetry);
        ASSERT_EQ(harness.push(buffer_of(in)), GST_FLOW_OK) << harness.complaint();
        const Picture out = picture_of(harness.pull(), PixelFormat::rgba, 33, 21);
        EXPECT_EQ(difference(out, reference_nv12_in_colors(in, c.colors)).where, "")
            << c.colorimetry;
    }
}

} // namespace
