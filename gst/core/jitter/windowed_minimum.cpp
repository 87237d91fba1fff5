// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/windowed_minimum.h"

namespace tactus {

std::int64_t WindowedMinimum::add(std::int64_t time, std::int64_t value) {
    while (size_ > 0 && at(0).time < time - window_) {
        first_ = (first_ + 1) % kCapacity;
        --size_;
    }
    while (size_ > 0 && at(size_ - 1).value >= value)
        --size_;
    if (size_ == kCapacity)
        at(size_ - 1).time = time;
    else
        at(size_++) = {time, value};
    return minimum();
}

void WindowedMinimum::shift(std::int64_t difference) {
    for (std::size_t i = 0; i < size_; ++i)
        at(i).value += difference;
}

} // namespace tactus
