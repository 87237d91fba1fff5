// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tactus {

/// What the property extra-input names: the bytes of a file, or the pixels of a PNG image as 8-bit
/// RGBA without gaps.
struct ExtraInput {
    std::vector<std::byte> bytes; ///< padded to whole words
    std::uint32_t width = 0;      ///< of the image; 0: it is none
    std::uint32_t height = 0;
};

/// An empty text, or why the file cannot be used. Any thread. PNG needs libpng; a build without it
/// refuses such files.
std::string read_extra_input(const std::string& path, ExtraInput& extra);

} // namespace tactus
