// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/kernel_text.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <system_error>

namespace tactus {

std::optional<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stopped != end || text.empty())
        return std::nullopt;
    return value;
}

std::string slashed(const std::string& folder) {
    return folder + (folder.ends_with('/') ? "" : "/");
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<std::string> read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text;
    std::array<char, 4096> part{};
    // Not by iterators: those throw where the kernel refuses to be read from.
    while (file) {
        file.read(part.data(), part.size());
        text.append(part.data(), static_cast<std::size_t>(file.gcount()));
    }
    if (file.bad() || !file.eof())
        return std::nullopt;
    return text;
}

std::optional<std::uint64_t> read_count(const std::string& path) {
    const auto text = read_text(path);
    return text ? parse_count(trimmed(*text)) : std::nullopt;
}

} // namespace tactus
