// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace tactus::soak {

/// Ends the process, with a word about what it was doing, if nobody calls `alive` for too long: a
/// hang is a result, too.
///
/// Threads: any. `what` is called from the watch's own thread.
class Watchdog {
  public:
    Watchdog(std::chrono::seconds patience, std::function<const char*()> what);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    void alive() { last_ = std::chrono::steady_clock::now().time_since_epoch().count(); }

  private:
    void run();

    std::chrono::seconds patience_;
    std::function<const char*()> what_;
    std::atomic<std::chrono::steady_clock::rep> last_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace tactus::soak
