// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// numapin through 10,000 state changes with a thread pinned in each.
#include "numapin_fixture.h"

using namespace tactus;

namespace {

using NumapinCycles = NumapinFixture;

TEST_F(NumapinCycles, pin_a_thread_10000_times_and_put_it_back) {
    pin_to_last_cpu();
    gst_element_set_state(pads_->element(), GST_STATE_READY);
    for (int i = 0; i < 10'000; ++i) {
        gst_element_set_state(pads_->element(), GST_STATE_PLAYING);
        gst_pad_set_active(pads_->source(), TRUE);
        ASSERT_EQ(stream_starts(worker_), pinned_) << i;
        gst_element_set_state(pads_->element(), GST_STATE_READY);
        ASSERT_EQ(on(worker_, [] {}), before_) << i;
        gst_pad_set_active(pads_->source(), FALSE);
    }
    EXPECT_EQ(stat_of(pads_->element(), "restores"), 10'000U);
    EXPECT_EQ(stat_of(pads_->element(), "pinned-threads"), 0U);
}

} // namespace
