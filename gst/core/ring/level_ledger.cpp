// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/level_ledger.h"

namespace tactus {

void LevelLedger::reset_time() {
    in_ns_.store(kNoTime, std::memory_order_relaxed);
    first_start_ns_.store(kNoTime, std::memory_order_relaxed);
    left_ns_ = kNoTime;
}

} // namespace tactus
