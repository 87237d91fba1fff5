// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames of numapin are whole pages that come back: vkcompute imports them instead of copying.
#include "compute_harness.h"
#include "element_reports.h"
#include "launched_pipeline.h"

#include <string>

using namespace tactus;

namespace {

TEST(NumapinBeforeVkcompute, ImportsItsFramesPrivateOrShared) {
    TACTUS_NEEDS_DEVICE();
    for (const char* settings : {"", "shared=true", "huge-pages=thp"}) {
        // Without what is between them, vkcompute's own memory would be used.
        LaunchedPipeline pipeline(
            std::string(
                "videotestsrc num-buffers=40 ! video/x-raw,format=RGBA,width=640,height=360 "
                "! numapin ") +
            settings +
            " ! identity drop-allocation=true ! vkcompute name=v shader=invert ! fakesink");
        pipeline.play();
        EXPECT_EQ(pipeline.wait(), "");
        EXPECT_EQ(stat_of(pipeline.child("v"), "frames-in"), 40U);
        EXPECT_EQ(stat_of(pipeline.child("v"), "frames-import"), 40U) << settings;
    }
}

TEST(NumapinBeforeVkcompute, LeavesItsMemoryAloneWhereItIsOffered) {
    TACTUS_NEEDS_DEVICE();
    LaunchedPipeline pipeline(
        "videotestsrc num-buffers=40 ! video/x-raw,format=RGBA,width=640,height="
        "360 ! numapin ! vkcompute name=v shader=invert ! fakesink");
    pipeline.play();
    EXPECT_EQ(pipeline.wait(), "");
    EXPECT_EQ(stat_of(pipeline.child("v"), "frames-pool"), 40U);
}

} // namespace
