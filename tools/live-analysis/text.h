// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

namespace tactus::live {

/// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

/// Breaks a paragraph into lines of a terminal; all but the first are indented.
std::string wrap(const std::string& paragraph);

} // namespace tactus::live
