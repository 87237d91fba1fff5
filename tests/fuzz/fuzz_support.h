// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace tactus {

/// Ends the program, as libFuzzer wants it, if something that must hold does not.
inline void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

/// The next byte of the input; 0 behind its end.
inline std::uint8_t take_byte(std::span<const std::uint8_t>& input) {
    if (input.empty())
        return 0;
    const std::uint8_t value = input[0];
    input = input.subspan(1);
    return value;
}

} // namespace tactus
