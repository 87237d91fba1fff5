// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/clock_sample.h"

namespace tactus {

std::optional<ClockSample> take_best_sample(SampleSource& source, unsigned max_tries,
                                            double good_enough_ns) {
    std::optional<ClockSample> best;
    for (unsigned i = 0; i < max_tries; ++i) {
        const std::optional<ClockSample> sample = source.take();
        if (!sample)
            continue;
        if (!best || sample->deviation_ns < best->deviation_ns)
            best = sample;
        if (best->deviation_ns <= good_enough_ns)
            break;
    }
    return best;
}

} // namespace tactus
