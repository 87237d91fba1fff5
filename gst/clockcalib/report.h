// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/stats_json.h"

#include <string>
#include <string_view>

namespace tactus {

/// Where the JSON beside a report lies: "a/b.html" has "a/b.json"; another ending is kept, "a/b"
/// and "a/b.txt" have "a/b.json" and "a/b.txt.json".
std::string report_json_path(std::string_view html_path);

/// The page as one self-contained text: data, style and script are in it, and it asks no network.
/// `json` is what json_text() returns.
std::string report_html(std::string_view json);

/// Why a report could not be written there, the page or the JSON beside it, with what would be
/// right. Empty if it could. Leaves nothing behind.
///
/// Threads: any. Blocks on the disk.
std::string why_no_report(const std::string& html_path);

/// Writes the page to `html_path` and the same figures to the JSON beside it; both or neither, see
/// write_files_atomically(). Returns an empty text, or what went wrong with which path and why.
///
/// Threads: any, one at a time per path. Blocks on the disk.
std::string write_report(const std::string& html_path, const StatsView& view);

} // namespace tactus
