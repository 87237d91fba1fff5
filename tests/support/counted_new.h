// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace tactus {

/// How often the program has called operator new: counted_new.cpp replaces it, so link that into
/// programs that ask. Threads: one.
std::uint64_t allocations();

} // namespace tactus
