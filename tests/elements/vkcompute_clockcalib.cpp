// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// vkcompute under clockcalib: what the GPU did stands on a track of its own.
#include "compute_harness.h"
#include "traced_pipeline.h"

using namespace tactus;
using namespace tactus::traced;

namespace {

TEST(VkComputeTraced, EachFrameIsASliceOfItsQueue) {
    TACTUS_NEEDS_DEVICE();
    TACTUS_NEEDS("videotestsrc");
    reset_figures();
    Pipeline p("gpu", "videotestsrc num-buffers=60 ! video/x-raw,format=RGBA,width=64,height=64 ! "
                      "vkcompute name=gpu shader=invert ! identity ! fakesink name=sink");
    // The tracer looks for the meta's registration now and then, so not at the very first frame.
    ASSERT_TRUE(p.reach(GST_STATE_PAUSED));
    ASSERT_EQ(p.run(), "eos");
    GstObject* tracer = find_tracer();
    ASSERT_NE(tracer, nullptr);
    GstStructure* stats = nullptr;
    g_signal_emit_by_name(tracer, "get-stats", &stats);
    gst_object_unref(tracer);
    const GValue* queues = gst_structure_get_value(stats, "gpu-queues");
    ASSERT_NE(queues, nullptr);
    ASSERT_EQ(gst_value_list_get_size(queues), 1U);
    const GstStructure* queue = gst_value_get_structure(gst_value_list_get_value(queues, 0));
    EXPECT_STREQ(gst_structure_get_string(queue, "queue"), "compute");
    guint64 slices = 0;
    guint64 busy = 0;
    EXPECT_TRUE(gst_structure_get(queue, "slices", G_TYPE_UINT64, &slices, "busy-p50",
                                  G_TYPE_UINT64, &busy, nullptr));
    EXPECT_GE(slices, 50U) << "but for those before the registration was found";
    EXPECT_LE(slices, 60U);
    EXPECT_GT(busy, 0U);
    gst_structure_free(stats);
    const Figures figures = take_figures();
    EXPECT_EQ(figures.element(p.path("gpu")).out, 60U);
    EXPECT_EQ(figures.element(p.path("gpu")).inferred, 0U) << "the id of each buffer was kept";
}

} // namespace
