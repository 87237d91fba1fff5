// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace tactus::bench {

/// What one core does at most with the vector unit that Highway would choose now, in 10^9
/// operations a second (a fused multiply-add is two), on numbers of float or of double. One
/// measurement of some 20 us.
double fma_peak_gflops(bool is_double);

} // namespace tactus::bench
