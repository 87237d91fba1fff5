// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

namespace tactus::soak {

struct Options {
    double minutes = 10;
    std::uint64_t seed = 0;
    std::string json; ///< file; "" for none
    double shutdown_limit_s = 1;
};

/// What to tell main besides options: 0 to go on, else the exit status plus one.
struct Parsed {
    Options options;
    int leave = 0;
};

/// Takes a seed from the time if none is given. Prints help, or what is wrong.
Parsed parse_options(int argc, char** argv);

} // namespace tactus::soak
