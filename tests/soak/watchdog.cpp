// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "watchdog.h"

#include <cstdio>
#include <cstdlib>

namespace tactus::soak {

using Clock = std::chrono::steady_clock;

Watchdog::Watchdog(std::chrono::seconds patience, std::function<const char*()> what)
    : patience_(patience), what_(std::move(what)), last_(Clock::now().time_since_epoch().count()),
      thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    thread_.join();
}

void Watchdog::run() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; })) {
        const Clock::time_point last{Clock::duration{last_.load()}};
        if (Clock::now() - last < patience_)
            continue;
        std::fprintf(stderr, "soak: FAILED: nothing has moved for %lld s, during: %s\n",
                     static_cast<long long>(patience_.count()), what_());
        std::abort(); // for a core file
    }
}

} // namespace tactus::soak
