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

// A shader that fills frames with a value.
std::string filling(int value) {
    return "#include \"tactus/planes.glsl\"\nTACTUS_WORKGROUP;\n"
           "void main() { tactus_store(gl_GlobalInvocationID.xy, vec4(" +
           std::to_string(value) + ".0 / 255.0)); }\n";
}

// The last value that has come out.
int last_value(ComputeHarness& harness) {
    GstQuery* query = gst_query_new_drain();
    gst_pad_peer_query(harness.get()->srcpad, query);
    gst_query_unref(query);
    int value = -1;
    while (GstBuffer* buffer = gst_harness_try_pull(harness.get()))
        value = picture_of(buffer, PixelFormat::gray8, 8, 8).bytes[0];
    return value;
}

// Whichever allocation it is, from the property to the program.
TEST_F(ShortMemory, DoesNotLoseAShaderThatWasSet) {
    constexpr int kStep = 31;
    GstElement* element = make_compute("");
    g_object_set(element, "shader", filling(1).c_str(), nullptr);
    ComputeHarness harness(element);
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    ASSERT_EQ(harness.push(frame()), GST_FLOW_OK);
    bool has_failed = true;
    int failures = 0;
    for (int allowed = 0; has_failed && allowed < 4000; allowed += kStep) {
        const int value = 1 + allowed % 2;
        g_object_set(element, "shader", filling(value).c_str(), nullptr);
        GstBuffer* const buffer = frame();
        {
            const FailingAllocation one(allowed);
            harness.push(buffer);
            has_failed = FailingAllocation::has_failed();
        }
        failures += has_failed ? 1 : 0;
        ASSERT_EQ(harness.push(frame()), GST_FLOW_OK) << harness.complaint();
        ASSERT_EQ(last_value(harness), value) << allowed;
    }
    EXPECT_GT(failures, 0);
    EXPECT_EQ(harness.stat("frames-in"),
              harness.stat("frames-out") + harness.stat("frames-refused"));
}

} // namespace
