// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is told and counted where the process has no memory. In a program of its own, as its
// allocations fail.
#include "compute_harness.h"
#include "failing_allocations.h"

using namespace tactus;
using test::FailingAllocation;

namespace {

class ShortMemory : public testing::Test {
  protected:
    void SetUp() override { TACTUS_NEEDS_DEVICE(); }

    static GstBuffer* frame() { return buffer_of(Picture(PixelFormat::gray8, 8, 8)); }
    static GstFlowReturn push_without_memory(ComputeHarness& harness) {
        GstBuffer* const buffer = frame();
        const FailingAllocation first(0);
        return harness.push(buffer);
    }
};

TEST_F(ShortMemory, IsOneErrorHoweverManyFramesItCosts) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    std::uint64_t refused = 0;
    for (int burst = 0; burst < 2; ++burst) {
        ASSERT_EQ(harness.push(frame()), GST_FLOW_OK);
        gst_buffer_unref(harness.pull());
        for (int i = 0; i < 3; ++i, ++refused) {
            ASSERT_EQ(push_without_memory(harness), GST_FLOW_ERROR);
            ASSERT_TRUE(FailingAllocation::has_failed());
        }
        const std::string text = harness.complaint();
        EXPECT_NE(text.find("Out of resources"), std::string::npos) << text;
        EXPECT_EQ(harness.complaint(), "");
    }
    EXPECT_EQ(harness.stat("frames-refused"), refused);
    EXPECT_EQ(harness.stat("frames-in"), harness.stat("frames-out") + refused);
}

} // namespace
