// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "variants.h"

#include <string>
#include <vector>

namespace tactus::live {

/// What the command line asks for.
struct Options {
    std::string video_path;
    std::string json_path; ///< empty: no JSON
    std::vector<Variant> variants{kVariants.begin(), kVariants.end()};
    unsigned streams = 1;
    unsigned seconds = 8;
    unsigned fps_in = 120;
    unsigned fps_out = 35;
    // The oldest of d frames, which is the one that the analysis takes, has waited for d - 1 to d
    // camera periods. Measured at 120 frames/s on two cores, P99 for d = 1 to 5: 11, 20, 25, 33,
    // 42 ms; with two more programs wanting these cores all the time: 12, 21, 35, 41, 50 ms. One
    // frame keeps the analysis busy only as long as every frame comes in time, and three bridge a
    // camera that is two periods late. With three, half of the 47 ms allowed is left for a busy
    // machine.
    unsigned depth_frames = 3;
    bool help = false;
};

/// Throws UserError for what it does not understand.
Options parse_options(int argc, char** argv);

/// The text of `--help`.
std::string help_text();

} // namespace tactus::live
