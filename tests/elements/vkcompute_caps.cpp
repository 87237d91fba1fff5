// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What vkcompute answers about caps, and the caps of what it makes.
#include "compute_harness.h"
#include "launched_pipeline.h"

#include <algorithm>
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

} // namespace
