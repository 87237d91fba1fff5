// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/reorder_optimizer.h"

namespace tactus {

void ReorderOptimizer::overtaken(std::int64_t relative_delay_ns) {
    share_ += (1 - share_) * kWeight;
    histogram_.add(relative_delay_ns);
    best_ns_ = histogram_.cheapest_ns(kNsPerShare * share_);
    if (best_ns_ > 0)
        best_ns_ += DelayHistogram::kBucketNs;
}

} // namespace tactus
