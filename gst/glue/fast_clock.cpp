// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/fast_clock.h"

#include <atomic>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <mutex>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace tactus {

namespace {

std::uint64_t monotonic_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1000000000U +
           static_cast<std::uint64_t>(t.tv_nsec);
}

#if defined(__x86_64__)

constexpr std::uint64_t kCalibrationNs = 1000000;
constexpr unsigned kFractionBits = 32;

// Written once before `ns_per_tick` becomes other than 0 (release), read after it (acquire).
constinit std::uint64_t base_ns = 0;
constinit std::uint64_t base_ticks = 0;
constinit std::atomic<std::uint64_t> ns_per_tick{0}; // 32.32 fixed point; 0: use clock_gettime

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

void calibrate() {
    if (!counter_is_invariant() || !kernel_trusts_the_counter())
        return;
    base_ns = monotonic_ns();
    base_ticks = __rdtsc();
    std::uint64_t end_ns = base_ns;
    std::uint64_t end_ticks = base_ticks;
    while (end_ns - base_ns < kCalibrationNs) {
        end_ns = monotonic_ns();
        end_ticks = __rdtsc();
    }
    const std::uint64_t ticks = end_ticks - base_ticks;
    if (ticks != 0)
        ns_per_tick.store(((end_ns - base_ns) << kFractionBits) / ticks, std::memory_order_release);
}

#endif

} // namespace

#if defined(__x86_64__)

void FastClock::prepare() {
    static std::once_flag once;
    std::call_once(once, calibrate);
}

std::uint64_t FastClock::now_ns() {
    // acquire: partner of the release in calibrate.
    const std::uint64_t scale = ns_per_tick.load(std::memory_order_acquire);
    if (scale == 0)
        return monotonic_ns();
    __extension__ using Wide = unsigned __int128;
    const std::uint64_t ticks = __rdtsc() - base_ticks;
    return base_ns + static_cast<std::uint64_t>((Wide{ticks} * scale) >> kFractionBits);
}

#else

void FastClock::prepare() {}

std::uint64_t FastClock::now_ns() {
    return monotonic_ns();
}

#endif

} // namespace tactus
