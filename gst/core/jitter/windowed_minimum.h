// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tactus {

/// The smallest of the values added during the last `window`, in amortised constant time: a deque
/// whose values rise from front to back (D. Lemire, "Streaming maximum-minimum filter using no more
/// than three comparisons per element", 2006).
///
/// Holds kCapacity values at most. Beyond that the newest two merge into the smaller one with the
/// newer time, so the result may be too small for up to one window, and is never too large.
///
/// Threads: one. Times must not go back. Value and time in any unit.
class WindowedMinimum {
  public:
    static constexpr std::size_t kCapacity = 128;

    explicit WindowedMinimum(std::int64_t window) : window_(window) {}

    void set_window(std::int64_t window) { window_ = window; }

    /// Adds a value and returns the minimum.
    std::int64_t add(std::int64_t time, std::int64_t value);

    /// Adds `difference` to all values: what they are measured from has moved.
    void shift(std::int64_t difference);

    void clear() { size_ = 0; }
    bool empty() const { return size_ == 0; }
    /// Only when not empty.
    std::int64_t minimum() const { return entries_[first_].value; }

  private:
    struct Entry {
        std::int64_t time;
        std::int64_t value;
    };

    Entry& at(std::size_t i) { return entries_[(first_ + i) % kCapacity]; }

    std::array<Entry, kCapacity> entries_{};
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::int64_t window_;
};

} // namespace tactus
