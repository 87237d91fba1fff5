// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/stream_copy.h"

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tactus {

#if defined(__SSE2__)
namespace {

constexpr std::size_t kLine = 64;

void stream_lines(std::byte* to, const std::byte* from, std::size_t lines) {
    for (std::size_t line = 0; line < lines; ++line) {
        const auto* const source = reinterpret_cast<const __m128i*>(from + line * kLine);
        auto* const target = reinterpret_cast<__m128i*>(to + line * kLine);
        const __m128i first = _mm_loadu_si128(source);
        const __m128i second = _mm_loadu_si128(source + 1);
        const __m128i third = _mm_loadu_si128(source + 2);
        const __m128i fourth = _mm_loadu_si128(source + 3);
        _mm_stream_si128(target, first);
        _mm_stream_si128(target + 1, second);
        _mm_stream_si128(target + 2, third);
        _mm_stream_si128(target + 3, fourth);
    }
    _mm_sfence(); // who is told next must see it
}

} // namespace
#endif

void stream_copy(void* to, const void* from, std::size_t size_bytes) {
#if defined(__SSE2__)
    if (size_bytes >= kStreamCopyBytes) {
        auto* target = static_cast<std::byte*>(to);
        const auto* source = static_cast<const std::byte*>(from);
        const std::size_t head = (kLine - reinterpret_cast<std::uintptr_t>(target) % kLine) % kLine;
        std::memcpy(target, source, head);
        const std::size_t lines = (size_bytes - head) / kLine;
        stream_lines(target + head, source + head, lines);
        const std::size_t done = head + lines * kLine;
        std::memcpy(target + done, source + done, size_bytes - done);
        return;
    }
#endif
    std::memcpy(to, from, size_bytes);
}

} // namespace tactus
