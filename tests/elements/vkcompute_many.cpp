// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Several elements on one device, edits under load, many elements one after the other, and many
// random samples.
#include "compute_harness.h"
#include "footprint.h"
#include "sanitized.h"
#include "scratch_folder.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace tactus;

namespace {

constexpr std::uint32_t kWidth = 64;
constexpr std::uint32_t kHeight = 48;

class Many : public testing::Test {
  protected:
    void SetUp() override { TACTUS_NEEDS_DEVICE(); }

    ScratchFolder folder_;
};

Picture numbered(std::uint32_t seed) {
    Picture picture(PixelFormat::bgra, kWidth, kHeight);
    picture.fill(seed);
    return picture;
}

// Frames through an element of their own; what was wrong first.
std::string run_stream(const std::string& shader, Picture (*reference)(const Picture&),
                       std::uint32_t frames) {
    ComputeHarness harness("shader=" + shader);
    harness.set_caps(video_caps(PixelFormat::bgra, kWidth, kHeight));
    std::string wrong;
    for (std::uint32_t i = 0; i < frames && wrong.empty(); ++i) {
        if (harness.push(buffer_of(numbered(i), i)) != GST_FLOW_OK)
            return "frame " + std::to_string(i) + ": " + harness.complaint();
        if (i % 4 != 3) // four are on their way at a time
            continue;
        for (std::uint32_t number = i - 3; number <= i; ++number) {
            GstBuffer* out = harness.pull();
            if (out == nullptr)
                return "no frame " + std::to_string(number);
            wrong += difference(picture_of(out, PixelFormat::bgra, kWidth, kHeight),
                                reference(numbered(number)))
                         .where;
        }
    }
    return wrong;
}

TEST_F(Many, ThreeStreamsShareADeviceAndEachGetsItsOwnFrames) {
    constexpr std::uint32_t kFrames = 200;
    std::vector<std::string> wrong(3);
    std::vector<std::thread> threads;
    threads.emplace_back([&] { wrong[0] = run_stream("invert", reference_invert, kFrames); });
    threads.emplace_back([&] { wrong[1] = run_stream("gaussian", reference_gaussian, kFrames); });
    threads.emplace_back([&] { wrong[2] = run_stream("sobel", reference_sobel, kFrames); });
    for (std::thread& thread : threads)
        thread.join();
    for (const std::string& text : wrong)
        EXPECT_EQ(text, "");
}

// Both shaders are right at any time; what matters is that each frame is one of them, whole.
TEST_F(Many, AShaderThatIsEditedAgainAndAgainUnderLoadLosesNoFrame) {
    const auto paint = [](unsigned value) {
        return "#include \"tactus/planes.glsl\"\nTACTUS_WORKGROUP;\n"
               "void main() { tactus_store(gl_GlobalInvocationID.xy, vec4(" +
               std::to_string(value) + ".0 / 255.0)); }\n";
    };
    folder_.write("paint.comp", paint(1));
    ComputeHarness harness("reload=true shader=" + (folder_ / "paint.comp"));
    harness.set_caps(video_caps(PixelFormat::bgra, kWidth, kHeight));
    std::atomic<bool> done{false};
    std::thread editor([&] {
        for (unsigned edit = 2; !done; edit = edit % 200 + 1) {
            folder_.replace("paint.comp", edit % 5 == 0 ? "broken" : paint(edit));
            while (!done && harness.stat("reloads") + harness.stat("reload-failures") < edit / 2)
                std::this_thread::yield();
        }
    });
    std::uint32_t frames = 0;
    for (; harness.stat("reloads") < 20 && frames < 100000; ++frames) {
        if (harness.push(buffer_of(numbered(frames), frames)) != GST_FLOW_OK) {
            ADD_FAILURE() << harness.complaint();
            break;
        }
        GstBuffer* buffer = harness.pull();
        if (buffer == nullptr) {
            ADD_FAILURE() << "no frame " << frames;
            break;
        }
        const Picture out = picture_of(buffer, PixelFormat::bgra, kWidth, kHeight);
        const auto value = out.at(0, 0, 0, 0);
        for (const auto byte : out.bytes)
            ASSERT_EQ(byte, value) << "half of one shader, half of another";
    }
    done = true;
    editor.join();
    EXPECT_GE(harness.stat("reloads"), 20U);
    EXPECT_EQ(harness.stat("frames-out"), frames);
    EXPECT_EQ(harness.stat("frames-lost"), 0U);
    while (!harness.complaint(GST_MESSAGE_WARNING).empty()) // of the broken edits
        ;
}

// --- one after the other

void live_once(std::uint32_t number) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::bgra, kWidth, kHeight));
    ASSERT_EQ(harness.push(buffer_of(numbered(number))), GST_FLOW_OK);
    GstBuffer* out = harness.pull();
    ASSERT_NE(out, nullptr);
    gst_buffer_unref(out);
    gst_element_set_state(harness.element(), GST_STATE_NULL);
}

TEST_F(Many, AThousandElementsLeaveNothingBehind) {
    ComputeHarness keeper("shader=invert"); // whose stats tell of the device that all share
    for (std::uint32_t i = 0; i < 100; ++i)
        live_once(i);
    const std::uint64_t objects = keeper.stat("gpu-objects");
    const std::size_t files = open_files();
    const std::size_t threads = running_threads();
    const long kib = resident_kib();
    for (std::uint32_t i = 0; i < 1000; ++i)
        live_once(i);
    EXPECT_EQ(keeper.stat("gpu-objects"), objects);
    EXPECT_EQ(open_files(), files);
    EXPECT_LE(running_threads(), threads + 8) << "GLib keeps a few for the next tasks";
    const long more_kib = resident_kib() - kib;
    RecordProperty("more_kib", static_cast<int>(more_kib));
    if (!test::kAddressSanitized) { // which keeps freed memory for a while
        EXPECT_LT(more_kib, 4096) << "4 KiB each would be a leak";
    }
}

// --- many samples

template <typename Sample>
std::vector<Sample> amplified(ComputeHarness& harness, const std::vector<Sample>& in) {
    GstBuffer* buffer = gst_buffer_new_memdup(in.data(), in.size() * sizeof(Sample));
    EXPECT_EQ(harness.push(buffer), GST_FLOW_OK) << harness.complaint();
    GstBuffer* out = harness.pull();
    std::vector<Sample> samples(in.size());
    if (out == nullptr || gst_buffer_get_size(out) != in.size() * sizeof(Sample)) {
        ADD_FAILURE() << "no buffer, or one of another size";
        return samples;
    }
    gst_buffer_extract(out, 0, samples.data(), samples.size() * sizeof(Sample));
    gst_buffer_unref(out);
    return samples;
}

TEST_F(Many, RandomSamplesAreAmplifiedToTheBit) {
    std::mt19937 random(4);
    for (const unsigned channels : {1U, 2U, 3U, 5U}) {
        const std::string rest =
            ",layout=interleaved,rate=48000,channels=" + std::to_string(channels) +
            ",channel-mask=(bitmask)0";
        ComputeHarness whole("shader=audio-gain uniforms=\"u,gain=0.25\"");
        whole.set_caps("audio/x-raw,format=S16LE" + rest);
        ComputeHarness real("shader=audio-gain uniforms=\"u,gain=0.3\"");
        real.set_caps("audio/x-raw,format=F32LE" + rest);
        for (int round = 0; round < 20; ++round) {
            const std::size_t count = channels * (1 + random() % 3000);
            std::vector<std::int16_t> shorts(count);
            std::vector<float> floats(count);
            for (std::size_t i = 0; i < count; ++i) {
                shorts[i] = static_cast<std::int16_t>(random());
                floats[i] = static_cast<float>(random()) / 4e9F - 0.5F;
            }
            const auto short_out = amplified(whole, shorts);
            const auto float_out = amplified(real, floats);
            for (std::size_t i = 0; i < count; ++i) {
                ASSERT_EQ(short_out[i], std::nearbyint(shorts[i] * 0.25)) << i << " of " << count;
                ASSERT_EQ(float_out[i], floats[i] * 0.3F) << i << " of " << count;
            }
        }
    }
}

} // namespace
