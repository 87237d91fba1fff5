// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frame memory under a device: a block of the arena is imported once, and stays so while it is
// idle.
#include "core/topology/frame_arena.h"
#include "gpu_fixture.h"

namespace tactus::test {

namespace {

using Import = std::shared_ptr<GpuBuffer>;

class ArenaOnGpu : public GpuTest {
  protected:
    static void forget(FrameBlock& block) { delete static_cast<Import*>(block.attachment); }

    const Import& import_of(FrameBlock& block) {
        if (block.attachment == nullptr) {
            ++imports_;
            block.attachment =
                new Import(GpuBuffer::import_host(device_, block.data, block.size_bytes, verdict_));
        }
        return *static_cast<Import*>(block.attachment);
    }

    int imports_ = 0;
    ImportVerdict verdict_ = ImportVerdict::possible;
};

TEST_F(ArenaOnGpu, imports_each_block_once_private_or_in_a_file) {
    for (const bool shared : {false, true}) {
        const auto arena = FrameArena::create({.shared = shared}, forget);
        imports_ = 0;
        for (int frame = 0; frame < 20; ++frame) {
            FrameBlock* first = arena->acquire(1'000'000);
            FrameBlock* second = arena->acquire(1'000'000);
            ASSERT_NE(first, nullptr);
            ASSERT_NE(second, nullptr);
            const bool imported = import_of(*first) != nullptr && import_of(*second) != nullptr;
            arena->release(second);
            arena->release(first);
            // The pages are as they should be; a device may lack the extension, a driver refuse.
            EXPECT_NE(verdict_, ImportVerdict::misaligned);
            EXPECT_NE(verdict_, ImportVerdict::partial_page);
            if (!imported)
                GTEST_SKIP() << "the device does not import: " << import_verdict_name(verdict_);
        }
        EXPECT_EQ(imports_, 2);
    }
    // TearDown looks whether the imports have gone with their pages.
}

} // namespace

} // namespace tactus::test
