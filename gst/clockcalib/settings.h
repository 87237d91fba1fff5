// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tactus {

/// What a user asks of clockcalib; the defaults live here alone.
struct Settings {
    std::string trace;                     ///< file; empty: none
    std::string report;                    ///< file; empty: none
    std::string metrics;                   ///< address; empty: none
    std::string otlp;                      ///< URL; empty: none
    std::uint64_t interval_ms = 0;         ///< of bus messages; 0: none
    std::uint64_t stall_threshold_ms = 20; ///< what counts as a stall or a jump
    bool wants_stall_threshold = false;    ///< whether that is the user's and not the default
    std::uint64_t otlp_sample = 100;       ///< one buffer in so many becomes a trace
    bool records = true;                   ///< lines for the log
};

/// Reads "trace=x.pftrace,report=y.html,…": what stands in the brackets of GST_TRACERS. A value may
/// stand in double quotes. What cannot be read leaves its default and is said in `problems`, a
/// sentence each that names the parameter and what would be right.
Settings parse_settings(std::string_view text, std::vector<std::string>& problems);

/// The names that `parse_settings` knows, as one line for people.
std::string setting_names();

} // namespace tactus
