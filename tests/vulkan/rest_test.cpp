// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A lost device whose driver does not do what it should: it hangs, it has no memory to wait with.
// In a program of its own, as its allocations fail.
#include "../support/failing_allocations.h"
#include "gpu_fixture.h"

#include <condition_variable>
#include <future>
#include <mutex>

namespace tactus::test {
namespace {

/// Where threads are held until the test opens it. One, as the driver's functions have no room for
/// which.
///
/// Threads: any.
class Gate {
  public:
    void close() {
        const std::lock_guard hold(lock_);
        open_ = false;
    }
    void open() {
        const std::lock_guard hold(lock_);
        open_ = true;
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock hold(lock_);
        ++inside_;
        changed_.notify_all();
        changed_.wait(hold, [this] { return open_; });
        --inside_;
        changed_.notify_all();
    }
    void wait_for(int inside) {
        std::unique_lock hold(lock_);
        changed_.wait(hold, [&] { return inside_ == inside; });
    }

  private:
    std::mutex lock_;
    std::condition_variable changed_;
    bool open_ = true;
    int inside_ = 0;
};

Gate& gate() {
    static Gate gate;
    return gate;
}

class LostGpu : public GpuTest {
  protected:
    /// A device of one's own, with a driver whose functions can be replaced. Null where there is
    /// none.
    static std::shared_ptr<VulkanDevice> open() {
        GpuError error;
        return VulkanDevice::open({.share = false}, error);
    }
    static VolkDeviceTable& driver_of(VulkanDevice& device) {
        return const_cast<VolkDeviceTable&>(device.api());
    }
    /// As the driver says it, so that nobody has given up yet.
    static void lose(VulkanDevice& device) { device.check(VK_ERROR_DEVICE_LOST); }
};

TEST_F(LostGpu, IsAtRestOrNotAsTheDriverSays) {
    for (const bool can_wait : {true, false}) {
        const auto device = open();
        ASSERT_TRUE(device);
        if (can_wait)
            driver_of(*device).vkDeviceWaitIdle = [](VkDevice) { return VK_ERROR_DEVICE_LOST; };
        else // which may come before the wait
            driver_of(*device).vkDeviceWaitIdle = [](VkDevice) {
                return VK_ERROR_OUT_OF_HOST_MEMORY;
            };
        EXPECT_FALSE(device->abandoned());
        lose(*device);
        EXPECT_EQ(device->abandoned(), !can_wait);
    }
}

TEST_F(LostGpu, WhoseDriverHangsIsNotWaitedForForEver) {
    const auto hangs_at_rest = open();
    const auto hangs_at_work = open();
    ASSERT_TRUE(hangs_at_rest && hangs_at_work);
    gate().close();
    driver_of(*hangs_at_rest).vkDeviceWaitIdle = [](VkDevice) {
        gate().pass();
        return VK_SUCCESS;
    };
    // Whoever is in there holds the lock of the queue.
    driver_of(*hangs_at_work).vkQueueSubmit = [](VkQueue, std::uint32_t, const VkSubmitInfo*,
                                                 VkFence) {
        gate().pass();
        return VK_ERROR_DEVICE_LOST;
    };
    auto submission = std::async(std::launch::async, [&] {
        return hangs_at_work->submit(hangs_at_work->compute_queue(), {}, VK_NULL_HANDLE);
    });
    gate().wait_for(1);
    lose(*hangs_at_rest);
    lose(*hangs_at_work);
    auto one = std::async(std::launch::async, [&] { return hangs_at_rest->abandoned(); });
    auto other = std::async(std::launch::async, [&] { return hangs_at_work->abandoned(); });
    constexpr std::chrono::minutes kPatience{1}; // only a broken one uses it up
    EXPECT_EQ(one.wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(other.wait_for(kPatience), std::future_status::ready);
    gate().open();
    gate().wait_for(0);
    EXPECT_TRUE(one.get());
    EXPECT_TRUE(other.get());
    EXPECT_EQ(submission.get(), GpuStatus::device_lost);
}

// Destructors ask, and must not throw.
TEST_F(LostGpu, WithoutTheMemoryToWaitForItIsAbandoned) {
    int failing = 0;
    for (;; ++failing) {
        const auto device = open();
        ASSERT_TRUE(device);
        lose(*device);
        bool is_abandoned = false;
        {
            const FailingAllocation one(failing);
            EXPECT_NO_THROW(is_abandoned = device->abandoned()) << failing;
        }
        EXPECT_EQ(is_abandoned, FailingAllocation::has_failed()) << failing;
        if (!FailingAllocation::has_failed())
            break;
    }
    EXPECT_GT(failing, 0) << "it allocates nothing";
}

TEST_F(LostGpu, KeepsWhatItMayLookAtAlsoWithoutTheMemoryToNoteIt) {
    const std::uint64_t before = VulkanDevice::abandoned_bytes();
    int failures = 0;
    std::uint64_t kept = 0;
    while (failures < 2) { // the list of what is kept has grown twice
        auto thing = std::make_shared<const int>(1);
        const std::weak_ptr<const int> seen = thing;
        {
            const FailingAllocation first(0);
            VulkanDevice::keep_forever(std::move(thing), 10);
        }
        kept += 10;
        failures += FailingAllocation::has_failed() ? 1 : 0;
        EXPECT_FALSE(seen.expired());
        VulkanDevice::keep_forever(seen.lock(), 10); // noted once it can be, if it was not
        kept += FailingAllocation::has_failed() ? 10 : 0;
    }
    EXPECT_EQ(VulkanDevice::abandoned_bytes(), before + kept);
}

TEST_F(LostGpu, CountsTheMemoryThatStaysBehind) {
    const auto device = open();
    ASSERT_TRUE(device);
    const std::uint64_t before = VulkanDevice::abandoned_bytes();
    GpuStatus status = GpuStatus::ok;
    ASSERT_TRUE(GpuBuffer::create_device(device, 5000, status));
    auto left = GpuBuffer::create_device(device, 5000, status);
    ASSERT_TRUE(left);
    EXPECT_EQ(VulkanDevice::abandoned_bytes(), before);
    device->mark_lost();
    left.reset();
    EXPECT_EQ(VulkanDevice::abandoned_bytes(), before + 5000);
}

} // namespace
} // namespace tactus::test
