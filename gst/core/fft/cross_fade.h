// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

namespace tactus {

/// Frames `begin` to `begin + frames` of a fade from `from` to `to` that takes `length` in all; the
/// result is in `to`. In a straight line: what is faded over is nearly the same sound.
template <typename T>
void cross_fade(const T* from, T* to, std::size_t frames, std::size_t begin, std::size_t length) {
    const T step = T{1} / static_cast<T>(length);
    for (std::size_t n = 0; n < frames; ++n) {
        const T gain = (static_cast<T>(begin + n) + T{0.5}) * step;
        to[n] = from[n] + (to[n] - from[n]) * gain;
    }
}

} // namespace tactus
