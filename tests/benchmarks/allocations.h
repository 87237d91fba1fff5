// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace tactus::bench {

/// True if this build can count: glibc's allocator, and no sanitizer that replaces it.
bool can_count_allocations();

/// Calls of malloc, calloc, realloc and the aligned kinds by all threads since the start.
std::uint64_t allocations();

} // namespace tactus::bench
