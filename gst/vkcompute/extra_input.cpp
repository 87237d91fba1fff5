// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/extra_input.h"

#include "core/vulkan/frame_layout.h"

#ifdef HAVE_PNG
#include <png.h>
#endif

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

namespace tactus {

namespace {

constexpr std::string_view kPngSignature("\x89PNG\r\n\x1a\n", 8);
constexpr std::uint32_t kLargestSide = FrameLayout::kLargestSide; // a small file may claim more

std::string read_bytes(const std::string& path) {
    std::error_code wrong;
    // A device or a pipe might never come to an end.
    if (!std::filesystem::is_regular_file(path, wrong))
        return {};
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

#ifdef HAVE_PNG
std::string decode_png(const std::string& file, ExtraInput& extra) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    if (png_image_begin_read_from_memory(&image, file.data(), file.size()) == 0)
        return std::string("it is no image that libpng can read: ") + image.message;
    if (image.width > kLargestSide || image.height > kLargestSide) {
        png_image_free(&image);
        return "it is " + std::to_string(image.width) + "x" + std::to_string(image.height) +
               " pixels large; a side may have " + std::to_string(kLargestSide);
    }
    image.format = PNG_FORMAT_RGBA;
    std::vector<std::byte> pixels(std::size_t{image.width} * image.height * 4);
    if (png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr) == 0)
        return std::string("the image is damaged: ") + image.message;
    extra.bytes = std::move(pixels);
    extra.width = image.width;
    extra.height = image.height;
    return {};
}
#else
std::string decode_png(const std::string&, ExtraInput&) {
    return "it is a PNG image, and this build lacks libpng";
}
#endif

} // namespace

std::string read_extra_input(const std::string& path, ExtraInput& extra) {
    extra = {};
    if (path.empty())
        return {};
    const std::string file = read_bytes(path);
    if (file.empty())
        return "it cannot be read, or is empty";
    if (file.starts_with(kPngSignature))
        return decode_png(file, extra);
    const auto* begin = reinterpret_cast<const std::byte*>(file.data());
    extra.bytes.assign(begin, begin + file.size());
    extra.bytes.resize((file.size() + 3) & ~std::size_t{3}); // shaders read words
    return {};
}

} // namespace tactus
