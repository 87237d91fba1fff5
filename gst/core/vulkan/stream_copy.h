// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

namespace tactus {

/// memcpy for frames on their way to or from a GPU: large copies go past the caches, where they
/// would only push out what is needed, and the target is not read before it is written. libc does
/// so too, but only from a share of the cache on that virtual machines overstate. The parts must
/// not overlap. Any thread.
void stream_copy(void* to, const void* from, std::size_t size_bytes);

/// Copies from this size on go past the caches.
constexpr std::size_t kStreamCopyBytes = std::size_t{1} << 20U;

} // namespace tactus
