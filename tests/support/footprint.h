// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What this process holds, for tests that nothing is left behind.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <malloc.h>
#include <unistd.h>

namespace tactus {

inline long resident_kib() {
    std::ifstream file("/proc/self/statm");
    long size = 0;
    long resident = 0;
    file >> size >> resident;
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/// What has been allocated and not freed, in all threads. Nothing under AddressSanitizer.
inline std::size_t heap_bytes() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

inline std::size_t count_entries(const char* folder) {
    const std::filesystem::directory_iterator entries(folder);
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

inline std::size_t open_files() {
    return count_entries("/proc/self/fd");
}

inline std::size_t running_threads() {
    return count_entries("/proc/self/task");
}

} // namespace tactus
