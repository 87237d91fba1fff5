// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "other_threads.h"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <string>
#include <unistd.h>

namespace tactus::voice_call {

namespace {

constexpr unsigned kOftenAtFirst = 200; // while threads still start
constexpr unsigned kSeldom = 256;

} // namespace

OtherThreads::~OtherThreads() {
    for (const int file : files_)
        close(file);
}

void OtherThreads::find() {
    for (const int file : files_)
        close(file);
    files_.clear();
    const std::string self = std::to_string(gettid());
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", error)) {
        if (entry.path().filename() == self)
            continue;
        const int file = open((entry.path() / "stat").c_str(), O_RDONLY | O_CLOEXEC);
        if (file >= 0)
            files_.push_back(file);
    }
}

bool OtherThreads::all_asleep() const {
    for (const int file : files_) {
        std::array<char, 256> text{};
        if (pread(file, text.data(), text.size() - 1, 0) <= 0)
            continue; // it has ended
        const char* name_end = std::strrchr(text.data(), ')');
        if (name_end != nullptr && std::strchr("SZX", name_end[2]) == nullptr)
            return false;
    }
    return true;
}

void OtherThreads::wait_until_asleep() {
    if (waits_ < kOftenAtFirst || waits_ % kSeldom == 0)
        find();
    ++waits_;
    // Twice: one may have woken another after that was looked at.
    for (int in_a_row = 0; in_a_row < 2;) {
        if (all_asleep()) {
            ++in_a_row;
        } else {
            in_a_row = 0;
            sched_yield();
        }
    }
}

} // namespace tactus::voice_call
