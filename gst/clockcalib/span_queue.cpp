// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/span_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tactus {

bool SpanQueue::push(std::vector<OtlpSpan> spans) {
    if (spans.empty())
        return true;
    {
        const std::lock_guard lock(mutex_);
        if (closed_ || spans_ + spans.size() > capacity_) {
            dropped_ += spans.size();
            return false;
        }
        spans_ += spans.size();
        groups_.push_back(std::move(spans));
    }
    changed_.notify_one();
    return true;
}

std::vector<OtlpSpan> SpanQueue::take(std::size_t wanted, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || spans_ > 0; });
    changed_.wait_for(lock, patience, [&] { return closed_ || spans_ >= wanted; });
    std::vector<OtlpSpan> taken;
    while (!groups_.empty() && (taken.empty() || taken.size() + groups_.front().size() <= wanted)) {
        auto& group = groups_.front();
        std::move(group.begin(), group.end(), std::back_inserter(taken));
        groups_.pop_front();
    }
    spans_ -= taken.size();
    return taken;
}

void SpanQueue::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
}

std::size_t SpanQueue::clear() {
    const std::lock_guard lock(mutex_);
    groups_.clear();
    return std::exchange(spans_, 0);
}

std::uint64_t SpanQueue::dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
}

} // namespace tactus
