// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sizes of work groups: what is remembered, and what is measured.
#include "core/vulkan/workgroup_trial.h"
#include "gpu_fixture.h"

#include <algorithm>

namespace tactus::test {
namespace {

TEST(WorkgroupMemory, KeepsASizeForEachKey) {
    WorkgroupMemory memory;
    EXPECT_FALSE(memory.find(1));
    memory.set(1, {64, 1});
    memory.set(2, {8, 8});
    memory.set(1, {32, 8});
    EXPECT_EQ(memory.find(1), (WorkgroupSize{32, 8}));
    EXPECT_EQ(memory.find(2), (WorkgroupSize{8, 8}));
    EXPECT_EQ(memory.changes(), 3U);
}

TEST(WorkgroupMemory, GoesThroughAFile) {
    WorkgroupMemory first;
    first.set(1, {64, 1});
    first.set(3, {16, 16});
    WorkgroupMemory second;
    second.set(3, {8, 8});
    ASSERT_TRUE(second.load(first.data()));
    EXPECT_EQ(second.find(1), (WorkgroupSize{64, 1}));
    EXPECT_EQ(second.find(3), (WorkgroupSize{8, 8})) << "what is known stays";
}

TEST(WorkgroupMemory, DoesNotBelieveDamagedBytes) {
    WorkgroupMemory good;
    good.set(1, {64, 1});
    const std::vector<std::byte> bytes = good.data();
    WorkgroupMemory memory;
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const std::span part(bytes.data(), length);
        EXPECT_EQ(memory.load(part), length == 4) << length << " bytes; 4 are one without entries";
    }
    std::vector<std::byte> zero = bytes;
    std::fill(zero.begin() + 12, zero.end(), std::byte{0});
    EXPECT_FALSE(memory.load(zero)) << "a size of 0";
    std::vector<std::byte> foreign = bytes;
    foreign[0] = std::byte{'X'};
    EXPECT_FALSE(memory.load(foreign));
    EXPECT_FALSE(memory.find(1));
    EXPECT_TRUE(memory.load(bytes));
}

TEST(WorkgroupMemory, HasAnEnd) {
    WorkgroupMemory memory;
    for (std::uint64_t key = 0; key < WorkgroupMemory::kMostEntries + 10; ++key)
        memory.set(key, {64, 1});
    EXPECT_TRUE(WorkgroupMemory().load(memory.data()));
    EXPECT_TRUE(memory.find(WorkgroupMemory::kMostEntries + 9));
}

// Slow in rows, and by far slower in the usual size of a CPU than in any other.
constexpr const char* kSquaresAreFast = R"(#version 450
layout(local_size_x_id = 1002, local_size_y_id = 1003) in;
layout(std430, binding = 1) readonly buffer In { uint source[]; };
layout(std430, binding = 4) buffer Out { uint target[]; };
void main() {
    uint value = source[gl_LocalInvocationIndex];
    uint rounds = gl_WorkGroupSize.y == 16u ? 1u : 3000u;
    for (uint i = 0u; i < rounds; ++i) value = value * 1664525u + 1013904223u;
    target[gl_LocalInvocationIndex] = value;
}
)";
constexpr const char* kFixed = R"(#version 450
layout(local_size_x = 32) in;
layout(std430, binding = 1) readonly buffer In { uint source[]; };
layout(std430, binding = 4) buffer Out { uint target[]; };
void main() { target[gl_LocalInvocationIndex] = source[gl_LocalInvocationIndex]; }
)";

class Trials : public GpuTest {
  protected:
    WorkgroupTrial trial_of(std::vector<const char*> texts) {
        WorkgroupTrial trial;
        trial.layout = FrameLayout::create(PixelFormat::rgba, 160, 120).value();
        for (const char* text : texts) {
            trial.program.shaders.push_back(shader(text));
            trial.program.labels.emplace_back("test");
        }
        trial.program.in = trial.layout;
        pixels_.assign(trial.layout.size_bytes, 7);
        trial.sample = pixels_.data();
        trial.now_ns = steady_now_ns;
        trial.budget_ns = 60 * kSecondNs;
        trial.patience_ns = 60 * kSecondNs;
        trial.goes_on = [] { return true; };
        return trial;
    }

    std::vector<std::uint8_t> pixels_;
};

TEST_F(Trials, FindTheSizeThatIsFasterByFar) {
    const WorkgroupTrial::Outcome outcome = trial_of({kSquaresAreFast}).run(device_);
    ASSERT_EQ(outcome.status, GpuStatus::ok);
    EXPECT_EQ(outcome.sizes.at(0), (WorkgroupSize{16, 16})) << outcome.reason;
    EXPECT_NE(outcome.reason.find("16x16 "), std::string::npos) << outcome.reason;
    EXPECT_EQ(pixels_, std::vector<std::uint8_t>(pixels_.size(), 7)) << "the sample is as it was";
}

TEST_F(Trials, ChooseForEachShaderAndLeaveThoseAloneThatFixTheirOwn) {
    const WorkgroupTrial::Outcome outcome = trial_of({kSquaresAreFast, kFixed}).run(device_);
    ASSERT_EQ(outcome.status, GpuStatus::ok);
    EXPECT_EQ(outcome.sizes.at(0), (WorkgroupSize{16, 16})) << outcome.reason;
    EXPECT_EQ(outcome.sizes.at(1), (WorkgroupSize{0, 0}));
}

TEST_F(Trials, KeepTheUsualSizeIfThereIsNoTime) {
    WorkgroupTrial trial = trial_of({kSquaresAreFast});
    trial.budget_ns = 0;
    const WorkgroupTrial::Outcome outcome = trial.run(device_);
    ASSERT_EQ(outcome.status, GpuStatus::ok);
    EXPECT_EQ(outcome.sizes.at(0), (WorkgroupSize{0, 0})) << "another time there may be more";
    EXPECT_NE(outcome.reason.find("more not tried"), std::string::npos) << outcome.reason;
    EXPECT_EQ(outcome.programs.size(), 1U) << "that of the usual size";
}

// Time goes on by a second whenever somebody asks.
TEST_F(Trials, BeginNoSizeThatWouldTakeLongerThanThereIsTime) {
    WorkgroupTrial trial = trial_of({kSquaresAreFast});
    std::uint64_t now_ns = 0;
    trial.now_ns = [&now_ns] { return now_ns += kSecondNs; };
    trial.budget_ns = 1000 * kSecondNs;
    trial.patience_ns = 1000 * kSecondNs;
    ASSERT_EQ(trial.run(device_).status, GpuStatus::ok);
    const std::uint64_t whole_ns = now_ns;
    for (const std::uint64_t parts : {2U, 3U}) {
        now_ns = 0;
        trial.budget_ns = whole_ns * parts / 4;
        const WorkgroupTrial::Outcome outcome = trial.run(device_);
        ASSERT_EQ(outcome.status, GpuStatus::ok);
        EXPECT_NE(outcome.reason.find("more not tried"), std::string::npos) << outcome.reason;
        EXPECT_LE(now_ns, trial.budget_ns + 20 * kSecondNs) << "but for a run that is under way";
    }
}

TEST_F(Trials, StopWhenTheStreamDoesNotGoOn) {
    WorkgroupTrial trial = trial_of({kSquaresAreFast});
    trial.goes_on = [] { return false; };
    const WorkgroupTrial::Outcome outcome = trial.run(device_);
    EXPECT_EQ(outcome.status, GpuStatus::timeout);
    EXPECT_FALSE(device_->lost()) << "the job ends soon, and is waited for";
}

TEST_F(Trials, AreNotForShadersThatCannotRun) {
    WorkgroupTrial trial = trial_of({kSquaresAreFast});
    trial.program.out_format = PixelFormat::i420;
    trial.program.constants["no such"] = {1};
    const WorkgroupTrial::Outcome outcome = trial.run(device_);
    EXPECT_EQ(outcome.status, GpuStatus::bad_input);
    EXPECT_TRUE(outcome.reason.empty());
}

} // namespace
} // namespace tactus::test
