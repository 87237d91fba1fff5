// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gtest/gtest.h>

namespace tactus::test {

/// Runs all tests. A program whose tests were all skipped has not shown anything: meson is told so
/// by the exit status 77 and says SKIP, not OK.
inline int run_or_skip(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    const int status = RUN_ALL_TESTS();
    const testing::UnitTest& all = *testing::UnitTest::GetInstance();
    const bool none_ran = all.skipped_test_count() == all.test_to_run_count();
    return status == 0 && none_ran && all.test_to_run_count() > 0 ? 77 : status;
}

} // namespace tactus::test
