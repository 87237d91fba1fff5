// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/aligned_array.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace tactus::bench {

/// A transform with its memory, ready to run as often as one likes. Empty: not in this build.
using Transform = std::function<void()>;

/// Something like audio: neither zeros nor denormals.
template <typename T>
std::shared_ptr<AlignedArray<T>> make_signal(std::size_t count) {
    auto signal = std::make_shared<AlignedArray<T>>(count);
    for (std::size_t n = 0; n < count; ++n)
        (*signal)[n] = static_cast<T>(n * 7 % 31) - 15;
    return signal;
}

/// FFTW, planned with FFTW_PATIENT. T is float or double.
template <typename T>
Transform fftw_real(std::size_t length);
/// Its version and the vector units it was built for; empty without it.
std::string fftw_build();

/// GStreamer's own, of float.
Transform gstfft_real(std::size_t length);

} // namespace tactus::bench
