// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <charconv>
#include <string>

namespace tactus {

/// The shortest text that means this very number, for messages: std::to_string makes 0.000000 of 0
/// and of a billionth. Any thread.
inline std::string number_text(double value) {
    std::array<char, 32> text{}; // the longest has 24
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), result.ptr};
}

} // namespace tactus
