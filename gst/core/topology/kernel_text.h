// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tactus {

// What the kernel's text files are read with. Any thread.

/// A decimal number and nothing else.
std::optional<std::uint64_t> parse_count(std::string_view text);

/// A folder's name with one slash at its end.
std::string slashed(const std::string& folder);

/// Without white space at both ends.
std::string_view trimmed(std::string_view text);

/// The whole of a (small) file; nothing if it cannot be read.
std::optional<std::string> read_text(const std::string& path);

/// The number that a file holds alone.
std::optional<std::uint64_t> read_count(const std::string& path);

} // namespace tactus
