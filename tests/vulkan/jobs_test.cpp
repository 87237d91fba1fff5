// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gpu_fixture.h"

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

namespace tactus::test {
namespace {

class Jobs : public GpuTest {
  protected:
    static constexpr std::uint32_t kCount = 10007;

    static void fill(GpuBuffer& buffer, std::uint32_t seed) {
        auto* const words = reinterpret_cast<std::uint32_t*>(buffer.data());
        for (std::uint32_t index = 0; index < kCount; ++index)
            words[index] = seed + index * 2654435761U;
    }

    static void expect_inverted(const GpuBuffer& buffer, std::uint32_t seed) {
        const auto* const words = reinterpret_cast<const std::uint32_t*>(buffer.data());
        for (std::uint32_t index = 0; index < kCount; ++index)
            ASSERT_EQ(words[index], ~(seed + index * 2654435761U)) << index;
    }

    static GpuDispatch invert(const ComputePipeline& pipeline, const GpuBuffer& from,
                              const GpuBuffer& to) {
        GpuDispatch dispatch;
        dispatch.pipeline = &pipeline;
        dispatch.bindings = {{.binding = 0, .buffer = {&from}}, {.binding = 1, .buffer = {&to}}};
        dispatch.push_constants = bytes_of(kCount);
        dispatch.groups = pipeline.groups_for(kCount);
        return dispatch;
    }
};

TEST_F(Jobs, AShaderWorksInHostMemory) {
    const auto pipe = pipeline(kInvertWords, {.local_size = {64, 0, 0}});
    EXPECT_EQ(pipe->local_size()[0], 64U);
    const auto from = host_buffer(kCount * 4);
    const auto to = host_buffer(kCount * 4);
    fill(*from, 1);
    const auto ring = this->ring();
    GpuJob job;
    job.dispatches.push_back(invert(*pipe, *from, *to));
    const JobResult result = run(*ring, job);
    expect_inverted(*to, 1);
    EXPECT_GE(result.completed_ns, result.submitted_ns);
}

TEST_F(Jobs, AJobCopiesInComputesAndCopiesOut) {
    const auto pipe = pipeline(kInvertWords, {.local_size = {32, 0, 0}});
    const auto from = host_buffer(kCount * 4);
    const auto to = host_buffer(kCount * 4);
    const auto in = device_buffer(kCount * 4);
    const auto out = device_buffer(kCount * 4);
    for (TransferRoute route :
         {TransferRoute::compute, TransferRoute::one_queue, TransferRoute::two_queues}) {
        const auto ring = this->ring(2, route);
        const auto seed = static_cast<std::uint32_t>(route) + 7;
        fill(*from, seed);
        GpuJob job;
        job.uploads = {{.from = {from.get(), 0, kCount * 4}, .to = {in.get()}}};
        job.dispatches.push_back(invert(*pipe, *in, *out));
        job.downloads = {{.from = {out.get()}, .to = {to.get(), 0, kCount * 4}}};
        run(*ring, job);
        expect_inverted(*to, seed);
    }
}

TEST_F(Jobs, StepsSeeWhatEarlierStepsWrote) {
    const auto pipe = pipeline(kInvertWords, {.local_size = {64, 0, 0}});
    const auto from = host_buffer(kCount * 4);
    const auto middle = device_buffer(kCount * 4);
    const auto last = device_buffer(kCount * 4);
    const auto to = host_buffer(kCount * 4);
    fill(*from, 3);
    const auto ring = this->ring();
    GpuJob job;
    job.dispatches.push_back(invert(*pipe, *from, *middle));
    job.dispatches.push_back(invert(*pipe, *middle, *last));
    job.dispatches.push_back(invert(*pipe, *last, *to));
    const JobResult result = run(*ring, job);
    expect_inverted(*to, 3);
    if (device_->compute_queue().timestamp_valid_bits != 0) {
        ASSERT_EQ(result.dispatches.size(), 3U);
        for (const GpuSpan& span : result.dispatches)
            EXPECT_GT(span.duration_ns, 0);
    }
}

TEST_F(Jobs, SeveralAreInFlightAndEndInOrder) {
    const auto pipe = pipeline(kInvertWords, {.local_size = {64, 0, 0}});
    const auto ring = this->ring(4);
    std::vector<std::shared_ptr<GpuBuffer>> from;
    std::vector<std::shared_ptr<GpuBuffer>> to;
    std::vector<unsigned> slots;
    for (std::uint32_t index = 0; index < 4; ++index) {
        from.push_back(host_buffer(kCount * 4));
        to.push_back(host_buffer(kCount * 4));
    }
    for (std::uint32_t round = 0; round < 5; ++round) {
        slots.clear();
        for (std::uint32_t index = 0; index < 4; ++index) {
            fill(*from[index], round * 4 + index);
            const auto slot = ring->try_acquire();
            ASSERT_TRUE(slot);
            GpuJob job;
            job.dispatches.push_back(invert(*pipe, *from[index], *to[index]));
            ASSERT_EQ(ring->submit(*slot, job), GpuStatus::ok) << ring->submit_error();
            slots.push_back(*slot);
        }
        EXPECT_FALSE(ring->try_acquire()) << "the ring is full";
        for (std::uint32_t index = 0; index < 4; ++index) {
            JobResult result;
            ASSERT_EQ(ring->collect(slots[index], 10 * kSecondNs, result), GpuStatus::ok);
            expect_inverted(*to[index], round * 4 + index);
        }
    }
}

TEST_F(Jobs, OneThreadSubmitsAndAnotherCollects) {
    constexpr unsigned kJobs = 60;
    const auto pipe = pipeline(kInvertWords, {.local_size = {64, 0, 0}});
    const auto ring = this->ring(3);
    std::vector<std::shared_ptr<GpuBuffer>> from;
    std::vector<std::shared_ptr<GpuBuffer>> to;
    for (unsigned slot = 0; slot < 3; ++slot) {
        from.push_back(host_buffer(kCount * 4));
        to.push_back(host_buffer(kCount * 4));
    }
    std::mutex lock;
    std::condition_variable changed;
    std::deque<std::pair<unsigned, std::uint32_t>> pending; // slot and seed
    std::thread collector([&] {
        for (unsigned job = 0; job < kJobs; ++job) {
            std::unique_lock guard(lock);
            changed.wait(guard, [&] { return !pending.empty(); });
            const auto [slot, seed] = pending.front();
            pending.pop_front();
            guard.unlock();
            // Once it is collected, the slot may be in use again: look first.
            while (!ring->done(slot))
                std::this_thread::yield();
            expect_inverted(*to[slot], seed);
            JobResult result;
            EXPECT_EQ(ring->collect(slot, 10 * kSecondNs, result), GpuStatus::ok);
            guard.lock();
            changed.notify_all();
        }
    });
    for (std::uint32_t seed = 0; seed < kJobs; ++seed) {
        std::optional<unsigned> slot;
        std::unique_lock guard(lock);
        changed.wait(guard, [&] { return (slot = ring->try_acquire()).has_value(); });
        guard.unlock();
        fill(*from[*slot], seed);
        const GpuJob job{.dispatches = {invert(*pipe, *from[*slot], *to[*slot])}};
        EXPECT_EQ(ring->submit(*slot, job), GpuStatus::ok) << ring->submit_error();
        guard.lock();
        pending.emplace_back(*slot, seed);
        changed.notify_all();
    }
    collector.join();
}

TEST_F(Jobs, MappedStampsLieBetweenSubmissionAndCompletion) {
    if (device_->compute_queue().timestamp_valid_bits == 0)
        GTEST_SKIP() << "the queue has no timestamps";
    const auto pipe = pipeline(kInvertWords, {.local_size = {64, 0, 0}});
    const auto from = host_buffer(kCount * 4);
    const auto to = host_buffer(kCount * 4);
    fill(*from, 1);
    const auto ring = this->ring();
    for (int round = 0; round < 20; ++round) {
        GpuJob job;
        job.dispatches.push_back(invert(*pipe, *from, *to));
        const JobResult result = run(*ring, job);
        ASSERT_EQ(result.dispatches.size(), 1U);
        const GpuSpan& span = result.dispatches.front();
        ASSERT_NE(span.method, GpuTimeMethod::none);
        const auto bound = static_cast<std::uint64_t>(span.bound_ns) + 1;
        EXPECT_GE(span.begin_ns + bound, result.submitted_ns);
        EXPECT_LE(span.begin_ns, span.end_ns);
        EXPECT_LE(span.end_ns, result.completed_ns + bound);
    }
    EXPECT_FALSE(ring->clock().health().distrusted);
}

TEST_F(Jobs, ImagesAreCopiedInSampledStoredAndCopiedOut) {
    const auto pipe = pipeline(R"(#version 460
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) uniform sampler2D source;
layout(binding = 1, rgba8) writeonly uniform image2D target;
void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(at, imageSize(target)))) return;
    imageStore(target, at, vec4(1) - texelFetch(source, at, 0));
}
)");
    constexpr std::uint32_t kWidth = 37;
    constexpr std::uint32_t kHeight = 11;
    constexpr std::uint32_t kRow = 40;
    GpuStatus status = GpuStatus::ok;
    const GpuImage::Settings settings{.width = kWidth, .height = kHeight};
    const auto in = GpuImage::create(device_, settings, status);
    const auto out = GpuImage::create(device_, settings, status);
    ASSERT_EQ(status, GpuStatus::ok);
    const auto from = host_buffer(kRow * kHeight * 4);
    const auto to = host_buffer(kRow * kHeight * 4);
    for (std::size_t index = 0; index < kRow * kHeight * 4; ++index)
        from->data()[index] = static_cast<std::byte>(index * 7);
    for (TransferRoute route : {TransferRoute::compute, TransferRoute::automatic}) {
        const auto ring = this->ring(1, route);
        std::memset(to->data(), 0, to->size_bytes());
        GpuJob job;
        job.uploads = {{.kind = GpuCopy::Kind::buffer_to_image,
                        .from = {from.get()},
                        .image = in.get(),
                        .row_texels = kRow}};
        job.dispatches = {
            {.pipeline = pipe.get(),
             .bindings = {{.binding = 0, .image = in.get()}, {.binding = 1, .image = out.get()}},
             .groups = pipe->groups_for(kWidth, kHeight)}};
        job.downloads = {{.kind = GpuCopy::Kind::image_to_buffer,
                          .to = {to.get()},
                          .image = out.get(),
                          .row_texels = kRow}};
        run(*ring, job);
        for (std::size_t y = 0; y < kHeight; ++y) {
            for (std::size_t x = 0; x < kWidth * 4; ++x) {
                const std::size_t at = y * kRow * 4 + x;
                ASSERT_EQ(to->data()[at], ~from->data()[at]) << x << " " << y;
            }
        }
    }
}

TEST_F(Jobs, WhatIsWrongWithAJobIsSaid) {
    const auto pipe = pipeline(kInvertWords, {.local_size = {64, 0, 0}});
    const auto from = host_buffer(kCount * 4);
    const auto to = host_buffer(kCount * 4);
    const auto ring = this->ring(1);
    const GpuDispatch good = invert(*pipe, *from, *to);
    const auto refused = [&](const GpuJob& job) {
        const auto slot = ring->try_acquire();
        EXPECT_TRUE(slot) << "a refused job gives its slot back";
        EXPECT_EQ(ring->submit(slot.value_or(0), job), GpuStatus::bad_input);
        return ring->submit_error();
    };
    GpuDispatch bad = good;
    bad.bindings.pop_back();
    EXPECT_EQ(refused({.dispatches = {bad}}), "\"Out\" (set 0, binding 1) is not bound");
    bad = good;
    bad.bindings[1].buffer.offset_bytes = 3;
    EXPECT_NE(refused({.dispatches = {bad}}).find("offset 3"), std::string::npos);
    bad = good;
    bad.push_constants.clear();
    EXPECT_EQ(refused({.dispatches = {bad}}), "0 bytes of push constants; the shader has 4");
    bad = good;
    bad.groups[0] = 0;
    EXPECT_NE(refused({.dispatches = {bad}}).find("0 work groups"), std::string::npos);
    bad = good;
    bad.bindings[0].buffer.size_bytes = from->size_bytes() + 4;
    EXPECT_NE(refused({.dispatches = {bad}}).find("needs a slice of a buffer"), std::string::npos);
    EXPECT_EQ(refused({.uploads = {{.from = {from.get(), 0, 8}, .to = {to.get(), 0, 4}}}}),
              "a copy of 8 bytes to a place for 4");
    run(*ring, {.dispatches = {good}});
}

TEST_F(Jobs, PagesOfTheCallersAreImportedOnlyWhole) {
    if (!device_->traits().host_import)
        GTEST_SKIP() << "the device lacks VK_EXT_external_memory_host";
    const std::size_t page = device_->traits().import_alignment;
    const std::size_t size = (kCount * 4 + page - 1) / page * page;
    std::unique_ptr<void, decltype(&std::free)> memory(std::aligned_alloc(page, size), &std::free);
    auto* const bytes = static_cast<std::byte*>(memory.get());
    ImportVerdict verdict = ImportVerdict::possible;
    EXPECT_FALSE(GpuBuffer::import_host(device_, bytes + 64, size - page, verdict));
    EXPECT_EQ(verdict, ImportVerdict::misaligned);
    EXPECT_FALSE(GpuBuffer::import_host(device_, bytes, kCount * 4, verdict));
    EXPECT_EQ(verdict, ImportVerdict::partial_page);
    const auto from = GpuBuffer::import_host(device_, bytes, size, verdict);
    ASSERT_TRUE(from) << import_verdict_name(verdict);
    EXPECT_EQ(from->data(), bytes);
    const auto to = host_buffer(kCount * 4);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(to->data()) % page, 0U);
    const auto pipe = pipeline(kInvertWords, {.local_size = {64, 0, 0}});
    fill(*from, 9);
    const auto ring = this->ring();
    run(*ring, {.dispatches = {invert(*pipe, *from, *to)}});
    expect_inverted(*to, 9);
}

} // namespace
} // namespace tactus::test
