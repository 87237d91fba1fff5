// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/fast_clock.h"

#include <cstdio>
#include <cstring>
#include <ctime>
#include <mutex>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace tactus {

#if defined(__x86_64__)
namespace {

constexpr std::uint64_t kCalibrationNs = 1000000;

bool kernel_trusts_the_counter() {
    char name[16] = "";
    std::FILE* file =
        std::fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
    if (file == nullptr)
        return false;
    const bool is_tsc =
        std::fgets(name, sizeof name, file) != nullptr && std::strncmp(name, "tsc", 3) == 0;
    std::fclose(file);
    return is_tsc;
}

bool counter_is_invariant() {
    constexpr unsigned kPowerManagementLeaf = 0x80000007;
    constexpr unsigned kInvariantTsc = 1U << 8;
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid(kPowerManagementLeaf, &eax, &ebx, &ecx, &edx) != 0 &&
           (edx & kInvariantTsc) != 0;
}

} // namespace
#endif

constinit std::uint64_t FastClock::base_ns_ = 0;
constinit std::uint64_t FastClock::base_ticks_ = 0;
constinit std::atomic<std::uint64_t> FastClock::ns_per_tick_{0};

std::uint64_t FastClock::monotonic_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1000000000U +
           static_cast<std::uint64_t>(t.tv_nsec);
}

#if defined(__x86_64__)

void FastClock::calibrate() {
    if (!counter_is_invariant() || !kernel_trusts_the_counter())
        return;
    base_ns_ = monotonic_ns();
    base_ticks_ = __rdtsc();
    std::uint64_t end_ns = base_ns_;
    std::uint64_t end_ticks = base_ticks_;
    while (end_ns - base_ns_ < kCalibrationNs) {
        end_ns = monotonic_ns();
        end_ticks = __rdtsc();
    }
    const std::uint64_t ticks = end_ticks - base_ticks_;
    if (ticks != 0)
        ns_per_tick_.store(((end_ns - base_ns_) << kFractionBits) / ticks,
                           std::memory_order_release);
}

#else

void FastClock::calibrate() {}

#endif

double FastClock::ns_per_raw_step() {
    const std::uint64_t scale = ns_per_tick_.load(std::memory_order_relaxed);
    return scale != 0
               ? static_cast<double>(scale) / static_cast<double>(std::uint64_t{1} << kFractionBits)
               : 1.0;
}

void FastClock::prepare() {
    static std::once_flag once;
    std::call_once(once, calibrate);
}

} // namespace tactus
