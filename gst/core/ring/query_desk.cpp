// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/query_desk.h"

#include <algorithm>

namespace tactus {

namespace {

// Longer than anybody waits, short enough that adding it to the clock does not overflow.
constexpr std::uint64_t kLongestTimeoutNs = std::uint64_t{1} << 60;

} // namespace

QueryDesk::Ticket QueryDesk::open(void* query) {
    const std::lock_guard lock(mutex_);
    query_ = query;
    answer_ = false;
    state_ = State::waiting;
    return ++last_ticket_;
}

std::optional<bool> QueryDesk::wait(std::uint64_t timeout_ns) {
    std::unique_lock lock(mutex_);
    const auto decided = [this] { return state_ != State::waiting; };
    if (timeout_ns == 0)
        changed_.wait(lock, decided);
    else
        changed_.wait_for(lock, std::chrono::nanoseconds(std::min(timeout_ns, kLongestTimeoutNs)),
                          decided);
    const bool timed_out = state_ == State::waiting;
    if (!timed_out)
        changed_.wait(lock, [this] { return state_ == State::done; });
    state_ = State::idle;
    query_ = nullptr;
    if (timed_out)
        return std::nullopt;
    return answer_;
}

void* QueryDesk::begin(Ticket ticket) {
    const std::lock_guard lock(mutex_);
    if (state_ != State::waiting || ticket != last_ticket_)
        return nullptr;
    state_ = State::running;
    changed_.notify_all();
    return query_;
}

void QueryDesk::finish(Ticket ticket, bool answer) {
    const std::lock_guard lock(mutex_);
    if (state_ != State::running || ticket != last_ticket_)
        return;
    answer_ = answer;
    state_ = State::done;
    changed_.notify_all();
}

void QueryDesk::refuse(Ticket ticket) {
    const std::lock_guard lock(mutex_);
    if (ticket == last_ticket_)
        answer_no();
}

void QueryDesk::cancel() {
    const std::lock_guard lock(mutex_);
    answer_no();
}

void QueryDesk::answer_no() {
    if (state_ != State::waiting)
        return;
    answer_ = false;
    state_ = State::done;
    changed_.notify_all();
}

} // namespace tactus
