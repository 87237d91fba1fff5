// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/device_locator.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <system_error>

namespace tactus {

namespace {

namespace fs = std::filesystem;

/// "0000:61:00.0"
bool is_pci_address(std::string_view text) {
    constexpr std::string_view kShape = "xxxx:xx:xx.x";
    return text.size() == kShape.size() &&
           std::equal(text.begin(), text.end(), kShape.begin(), [](char c, char shape) {
               return shape == 'x' ? std::isxdigit(static_cast<unsigned char>(c)) != 0 : c == shape;
           });
}

/// A device's real folder lies below that of the PCI device it belongs to, which lies below those
/// of bridges: so the last address in the path.
std::optional<std::string> address_in(const fs::path& link) {
    std::error_code error;
    const fs::path real = fs::canonical(link, error);
    if (error)
        return std::nullopt;
    std::optional<std::string> address;
    for (const fs::path& part : real)
        if (is_pci_address(part.string()))
            address = part.string();
    return address;
}

} // namespace

std::optional<std::string> pci_address_of_device(const std::string& root, const std::string& name) {
    constexpr std::array kClasses = {"net",   "video4linux", "block",      "drm",
                                     "sound", "nvme",        "infiniband", "misc"};
    const std::string plain = name.starts_with("/dev/") ? fs::path(name).filename().string() : name;
    if (plain.empty() || plain.find('/') != std::string::npos || plain == "." || plain == "..")
        return std::nullopt;
    for (const char* kind : kClasses)
        if (auto address = address_in(fs::path(root) / "sys/class" / kind / plain))
            return address;
    return std::nullopt;
}

std::optional<std::string> pci_address_of_file(const std::string& root, const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0)
        return std::nullopt;
    const dev_t device = S_ISBLK(status.st_mode) ? status.st_rdev : status.st_dev;
    return address_in(fs::path(root) / "sys/dev/block" /
                      (std::to_string(major(device)) + ":" + std::to_string(minor(device))));
}

} // namespace tactus
