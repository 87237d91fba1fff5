// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "element_fixture.h"
#include "element_reports.h"
#include "pad_pair.h"
#include "thread_states.h"
#include "worker.h"

#include <memory>
#include <string>

namespace tactus {

/// A numapin between two pads, and two threads that push into it as the test says.
class NumapinFixture : public testing::Test {
  protected:
    void SetUp() override {
        pads_ = std::make_unique<pads::PadPair>("numapin");
        before_ = on(worker_, [] {});
        cpu_ = std::to_string(usable_cpus().back());
        pinned_ = with_cpus(before_, cpu_);
    }
    void TearDown() override {
        pads_->stop();
        pads_.reset();
        EXPECT_EQ(on(worker_, [] {}), before_);
        EXPECT_EQ(on(other_, [] {}), before_);
    }

    /// Does that on the thread, and says how the thread is scheduled then.
    template <typename Work>
    std::string on(Worker& worker, Work work) {
        std::string state;
        worker.do_it([&] {
            work();
            state = thread_state();
        });
        return state;
    }
    std::string stream_starts(Worker& worker) {
        return on(worker, [&] { pads_->push_event(gst_event_new_stream_start("numapin-test")); });
    }
    std::string begins(Worker& worker) {
        on(worker, [&] { pads_->start(); });
        return on(worker, [] {});
    }
    std::string pushes(Worker& worker, std::uint64_t number) {
        return on(worker, [&] { pads_->push(pads::numbered(number)); });
    }
    std::string complaint() { return next_complaint(pads_->bus(), GST_MESSAGE_WARNING); }
    void set(const char* properties) { set_properties(pads_->element(), properties); }
    void pin_to_last_cpu() { set(("cpus=" + cpu_).c_str()); }

    std::unique_ptr<pads::PadPair> pads_;
    Worker worker_;
    Worker other_;
    std::string before_;
    std::string cpu_;
    std::string pinned_;
};

} // namespace tactus
