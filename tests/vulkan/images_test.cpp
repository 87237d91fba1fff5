// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Images that somebody else made, in whatever layout they were left.

#include "gpu_fixture.h"

#include "core/vulkan/gpu_image.h"

#include <numeric>

namespace tactus::test {
namespace {

constexpr std::uint32_t kWidth = 32;
constexpr std::uint32_t kHeight = 16;
constexpr std::size_t kBytes = kWidth * kHeight * 4;

class Borrowed : public GpuTest {
  protected:
    std::shared_ptr<GpuImage> own_image() {
        GpuStatus status = GpuStatus::ok;
        auto made = GpuImage::create(
            device_, {.format = VK_FORMAT_R8G8B8A8_UNORM, .width = kWidth, .height = kHeight},
            status);
        EXPECT_TRUE(made) << gpu_status_name(status);
        return made;
    }
    /// Its part, as somebody would borrow it who found it in that layout.
    std::shared_ptr<GpuImage> part_of(const GpuImage& owner, VkImageLayout layout, std::int32_t x,
                                      std::uint32_t width) {
        GpuImage::Borrowed part;
        part.image = owner.handle();
        part.layout = layout;
        part.x = x;
        return GpuImage::borrow(
            device_, {.format = VK_FORMAT_B8G8R8A8_UNORM, .width = width, .height = kHeight}, part);
    }
    static void fill(GpuBuffer& buffer) {
        auto* const words = reinterpret_cast<std::uint32_t*>(buffer.data());
        std::iota(words, words + kWidth * kHeight, 1U);
    }
    static std::uint32_t word(const GpuBuffer& buffer, std::size_t index) {
        return reinterpret_cast<const std::uint32_t*>(buffer.data())[index];
    }
};

TEST_F(Borrowed, APartIsReadFromTheLayoutThatItsOwnerLeftItIn) {
    const auto image = own_image();
    const auto from = host_buffer(kBytes);
    const auto to = host_buffer(kBytes);
    fill(*from);
    const auto ring = this->ring();
    GpuJob filling;
    filling.uploads.push_back({GpuCopy::Kind::buffer_to_image, {from.get()}, {}, image.get()});
    run(*ring, filling); // leaves it in GENERAL
    const auto part = part_of(*image, VK_IMAGE_LAYOUT_GENERAL, 8, 16);
    GpuJob reading;
    reading.downloads.push_back({GpuCopy::Kind::image_to_buffer, {}, {to.get()}, part.get()});
    run(*ring, reading);
    for (std::uint32_t y = 0; y < kHeight; ++y)
        for (std::uint32_t x = 0; x < 16; ++x)
            ASSERT_EQ(word(*to, y * 16 + x), word(*from, y * kWidth + x + 8)) << x << "," << y;
}

TEST_F(Borrowed, IsCopiedFromImageToImageWhateverItsFormat) {
    const auto theirs = own_image();
    const auto ours = own_image();
    const auto from = host_buffer(kBytes);
    const auto to = host_buffer(kBytes);
    fill(*from);
    const auto ring = this->ring();
    // What is in one of no known content may be lost: it is all written.
    const auto target = part_of(*theirs, VK_IMAGE_LAYOUT_UNDEFINED, 0, kWidth);
    GpuJob job;
    job.uploads.push_back({GpuCopy::Kind::buffer_to_image, {from.get()}, {}, ours.get()});
    job.downloads.push_back({GpuCopy::Kind::image, {}, {}, ours.get(), 0, target.get()});
    run(*ring, job);
    const auto source = part_of(*theirs, VK_IMAGE_LAYOUT_GENERAL, 0, kWidth);
    GpuJob back;
    back.downloads.push_back({GpuCopy::Kind::image_to_buffer, {}, {to.get()}, source.get()});
    run(*ring, back);
    EXPECT_EQ(std::memcmp(from->data(), to->data(), kBytes), 0);
}

TEST_F(Borrowed, CopiesThatDoNotFitAreRefused) {
    const auto image = own_image();
    const auto narrow = part_of(*image, VK_IMAGE_LAYOUT_GENERAL, 0, 16);
    const auto other = own_image();
    const auto ring = this->ring();
    const auto refused = [&](const GpuCopy& copy) {
        GpuJob job;
        job.uploads.push_back(copy);
        const auto slot = ring->try_acquire();
        EXPECT_EQ(ring->submit(*slot, job), GpuStatus::bad_input);
        return ring->submit_error();
    };
    EXPECT_EQ(refused({GpuCopy::Kind::image, {}, {}, narrow.get(), 0, other.get()}),
              "a copy of an image of 16x16 to one of 32x16");
    EXPECT_EQ(refused({GpuCopy::Kind::image, {}, {}, image.get(), 0, nullptr}),
              "a copy between images lacks one");
    GpuStatus status = GpuStatus::ok;
    const auto bytes = GpuImage::create(
        device_, {.format = VK_FORMAT_R8_UNORM, .width = kWidth, .height = kHeight}, status);
    ASSERT_TRUE(bytes);
    EXPECT_NE(refused({GpuCopy::Kind::image, {}, {}, image.get(), 0, bytes.get()})
                  .find("a copy between images of formats"),
              std::string::npos);
}

TEST_F(Borrowed, TheQueueOfTheDeviceCanBeWaitedFor) {
    EXPECT_EQ(device_->wait_for_queue(device_->compute_queue(), 10 * kSecondNs), GpuStatus::ok);
}

TEST_F(Borrowed, ADeviceWithoutDmabufsSaysSo) {
    if (device_->traits().dmabuf_import)
        GTEST_SKIP() << "this device imports dmabufs";
    ImportVerdict verdict = ImportVerdict::possible;
    EXPECT_FALSE(GpuBuffer::import_dmabuf(device_, -1, 4096, verdict));
    EXPECT_EQ(verdict, ImportVerdict::no_extension);
}

} // namespace
} // namespace tactus::test
