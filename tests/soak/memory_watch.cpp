// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "memory_watch.h"

#include <fstream>
#include <malloc.h>
#include <string>

#if defined(__SANITIZE_ADDRESS__)
// Of the sanitizer's runtime; its header is not packaged with every compiler.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace tactus::soak {

namespace {

constexpr double kMegabyte = 1e6;

} // namespace

MemoryWatch::MemoryWatch(std::size_t seconds) {
    heap_mb_.reserve(seconds);
    private_mb_.reserve(seconds);
}

double MemoryWatch::heap_mb_now() {
#if defined(__SANITIZE_ADDRESS__)
    return static_cast<double>(__sanitizer_get_current_allocated_bytes()) / kMegabyte;
#else
    const struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd) / kMegabyte;
#endif
}

double MemoryWatch::private_mb_now() {
    std::ifstream file("/proc/self/smaps_rollup");
    std::string word;
    double kib = 0;
    while (file >> word) {
        double part = 0;
        if (word.rfind("Private_", 0) == 0 && word.find("Hugetlb") == std::string::npos &&
            file >> part)
            kib += part;
    }
    return kib * 1024 / kMegabyte;
}

void MemoryWatch::sample() {
    if (heap_mb_.size() == heap_mb_.capacity())
        return;
    sum_mb_ += heap_mb_now();
    if (++samples_ < kSamplesPerSecond)
        return;
    heap_mb_.push_back(sum_mb_ / samples_);
    sum_mb_ = 0;
    samples_ = 0;
    private_mb_.push_back(private_mb_now());
}

} // namespace tactus::soak
