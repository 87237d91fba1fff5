// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Items of an RTP header extension. The input is the profile (2 bytes), and the extension.
#include "core/jitter/rtp_header.h"
#include "fuzz_support.h"

#include <cstdint>
#include <span>
#include <vector>

namespace tactus {

namespace {

constexpr std::size_t kProfileBytes = 2;

void check_item(std::uint16_t profile, std::span<const std::uint8_t> extension, std::uint8_t id) {
    const auto item = find_extension_item(profile, extension, id);
    if (item.empty())
        return;
    const bool short_header = profile == 0xbede;
    require(short_header || profile >> 4 == 0x100, "only known profiles have items");
    require(id != 0 && (!short_header || id < 15), "reserved numbers name no item");
    const std::size_t header_bytes = short_header ? 1 : 2;
    require(item.data() >= extension.data() + header_bytes &&
                item.data() + item.size() <= extension.data() + extension.size(),
            "an item lies within the extension, behind its header");
    const std::uint8_t* header = item.data() - header_bytes;
    const std::size_t announced = short_header ? (header[0] & 0x0fU) + 1 : header[1];
    require((short_header ? header[0] >> 4 : header[0]) == id, "the header names the item");
    require(announced == item.size(), "the header says how long the item is");
    require(item.size() == 8 || read_ntp64(item) == 0, "a time has 8 bytes");
}

} // namespace

} // namespace tactus

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tactus;
    if (size < kProfileBytes)
        return 0;
    const auto profile = static_cast<std::uint16_t>(data[0] << 8 | data[1]);
    // A copy of exactly that size: a sanitizer sees a byte read behind it.
    const std::vector<std::uint8_t> extension(data + kProfileBytes, data + size);
    for (unsigned id = 0; id < 256; ++id)
        check_item(profile, extension, static_cast<std::uint8_t>(id));
    return 0;
}
