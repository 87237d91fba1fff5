// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

namespace tactus {

// Loops over arrays by the vector unit of this machine. Any thread; arrays need no alignment and
// must not overlap.

/// sum[k] += a[k] b[k]
void multiply_add(const float* a, const float* b, float* sum, std::size_t count);
bool all_finite(const float* values, std::size_t count);
/// Sets what is infinite or not a number to 0, and says how many those were.
std::size_t clear_non_finite(float* values, std::size_t count);

} // namespace tactus
