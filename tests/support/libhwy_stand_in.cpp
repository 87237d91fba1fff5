// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the test of the transforms wants of Highway's library, which there is no cross package of:
// the one kind of vector unit that the program was compiled for.
#include <hwy/targets.h>

namespace hwy {

int64_t SupportedTargets() {
    return HWY_STATIC_TARGET;
}

void SetSupportedTargetsForTest(int64_t) {}

} // namespace hwy
