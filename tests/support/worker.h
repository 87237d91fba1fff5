// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <queue>
#include <thread>
#include <utility>

namespace tactus {

/// A thread that does what it is told, one thing after another.
class Worker {
  public:
    Worker() : thread_([this] { run(); }) {}
    ~Worker() {
        do_it([this] { ends_ = true; });
        thread_.join();
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Returns when it is done.
    void do_it(std::function<void()> work) {
        std::packaged_task<void()> task(std::move(work));
        std::future<void> done = task.get_future();
        {
            const std::lock_guard hold(lock_);
            tasks_.push(std::move(task));
        }
        changed_.notify_one();
        done.wait();
    }

  private:
    void run() {
        while (!ends_) {
            std::unique_lock hold(lock_);
            changed_.wait(hold, [this] { return !tasks_.empty(); });
            std::packaged_task<void()> task = std::move(tasks_.front());
            tasks_.pop();
            hold.unlock();
            task();
        }
    }

    std::mutex lock_;
    std::condition_variable changed_;
    std::queue<std::packaged_task<void()>> tasks_;
    bool ends_ = false;
    std::thread thread_;
};

} // namespace tactus
