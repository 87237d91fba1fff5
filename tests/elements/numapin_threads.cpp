// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// numapin between two pads, with threads that the test directs: when threads are pinned, and when
// and how they are put back.
#include "core/topology/topology_loader.h"
#include "footprint.h"
#include "numapin_fixture.h"
#include "sanitized.h"

#include <memory>
#include <sched.h>
#include <string>
#include <vector>

using namespace tactus;
using pads::PadPair;
using NumapinThreads = NumapinFixture;

namespace {

TEST_F(NumapinThreads, are_pinned_with_stream_start) {
    pin_to_last_cpu();
    pads_->activate();
    EXPECT_EQ(stream_starts(worker_), pinned_);
    EXPECT_EQ(complaint(), "");
    on(worker_, [&] { EXPECT_EQ(std::to_string(sched_getcpu()), cpu_); });
}

TEST_F(NumapinThreads, are_left_alone_without_settings) {
    EXPECT_EQ(begins(worker_), before_);
    EXPECT_EQ(pushes(worker_, 0), before_);
    EXPECT_EQ(thread_count(pads_->element(), "buffers"), 1U);
}

TEST_F(NumapinThreads, are_forgotten_in_the_end_but_not_what_they_pushed) {
    begins(worker_);
    for (std::uint64_t i = 0; i < 40; ++i) {
        Worker passing;
        pushes(passing, i);
    }
    EXPECT_EQ(stat_of(pads_->element(), "buffers"), 40U);
}

TEST_F(NumapinThreads, are_put_back_on_stop_by_another_thread) {
    set(("cpus=" + cpu_ + " policy=batch nice=3 timer-slack-ns=1").c_str());
    EXPECT_EQ(begins(worker_), "cpus " + cpu_ + ", batch nice 3, slack 1");
    pads_->stop();
    EXPECT_EQ(on(worker_, [] {}), before_);
    EXPECT_EQ(complaint(), "");
}

TEST_F(NumapinThreads, are_put_back_after_eos_and_pinned_again_when_they_go_on) {
    pin_to_last_cpu();
    begins(worker_);
    EXPECT_EQ(on(worker_, [&] { pads_->push_event(gst_event_new_eos()); }), before_);
    EXPECT_EQ(on(worker_, [&] { pads_->flush(); }), before_);
    EXPECT_EQ(on(worker_,
                 [&] {
                     pads_->push_segment(0);
                     pads_->push(pads::numbered(7));
                 }),
              pinned_);
}

TEST_F(NumapinThreads, are_put_back_when_downstream_fails) {
    pin_to_last_cpu();
    for (const GstFlowReturn flow : {GST_FLOW_ERROR, GST_FLOW_EOS, GST_FLOW_FLUSHING,
                                     GST_FLOW_NOT_NEGOTIATED, GST_FLOW_CUSTOM_ERROR}) {
        pads_->answer(GST_FLOW_OK);
        EXPECT_EQ(begins(worker_), pinned_);
        pads_->answer(flow);
        EXPECT_EQ(on(worker_, [&] { EXPECT_EQ(pads_->push(pads::numbered(0)), flow); }), before_)
            << gst_flow_get_name(flow);
    }
}

TEST_F(NumapinThreads, stay_pinned_where_nothing_is_linked_downstream) {
    pin_to_last_cpu();
    begins(worker_);
    pads_->answer(GST_FLOW_NOT_LINKED);
    EXPECT_EQ(pushes(worker_, 0), pinned_);
}

TEST_F(NumapinThreads, that_come_without_a_stream_start_are_caught) {
    pin_to_last_cpu();
    begins(worker_);
    EXPECT_EQ(pushes(worker_, 0), pinned_);
    EXPECT_EQ(pushes(other_, 1), pinned_);
    EXPECT_EQ(on(worker_, [] {}), pinned_);
    EXPECT_EQ(pushes(worker_, 2), pinned_);
    EXPECT_EQ(stat_of(pads_->element(), "buffers"), 3U);
    EXPECT_EQ(thread_count(pads_->element(), "buffers", 0), 2U);
    EXPECT_EQ(thread_count(pads_->element(), "buffers", 1), 1U);
}

TEST_F(NumapinThreads, that_take_turns_are_pinned_once_each) {
    set("cpus=auto");
    begins(worker_);
    const std::uint64_t first = stat_of(pads_->element(), "pinnings");
    const std::string one = pushes(worker_, 0);
    const std::string two = pushes(other_, 1);
    for (std::uint64_t i = 1; i < 20; ++i) {
        EXPECT_EQ(pushes(worker_, 2 * i), one);
        EXPECT_EQ(pushes(other_, 2 * i + 1), two);
    }
    EXPECT_EQ(stat_of(pads_->element(), "pinnings"), first + 1);
    EXPECT_EQ(thread_count(pads_->element(), "buffers", 0), 20U);
    EXPECT_EQ(thread_count(pads_->element(), "buffers", 1), 20U);
    set(("cpus=" + cpu_ + " timer-slack-ns=77").c_str());
    EXPECT_EQ(pushes(worker_, 40), with_cpus(before_, cpu_, "77"));
    EXPECT_EQ(pushes(other_, 41), with_cpus(before_, cpu_, "77"));
}

TEST_F(NumapinThreads, are_put_back_when_another_starts_a_stream) {
    pin_to_last_cpu();
    begins(worker_);
    EXPECT_EQ(stream_starts(other_), pinned_);
    EXPECT_EQ(on(worker_, [] {}), before_);
}

TEST_F(NumapinThreads, are_put_back_when_upstream_is_unlinked_while_playing) {
    pin_to_last_cpu();
    begins(worker_);
    GstPad* const sink = gst_element_get_static_pad(pads_->element(), "sink");
    gst_pad_unlink(pads_->source(), sink);
    EXPECT_EQ(on(worker_, [] {}), before_);
    ASSERT_EQ(gst_pad_link(pads_->source(), sink), GST_PAD_LINK_OK);
    EXPECT_EQ(pushes(other_, 5), pinned_);
    gst_object_unref(sink);
}

TEST_F(NumapinThreads, that_have_ended_are_no_trouble) {
    pin_to_last_cpu();
    {
        Worker brief;
        EXPECT_EQ(begins(brief), pinned_);
    }
    pads_->stop();
    EXPECT_EQ(complaint(), "");
    EXPECT_EQ(stat_of(pads_->element(), "restores-failed"), 0U);
}

TEST_F(NumapinThreads, that_have_ended_are_forgotten_when_others_come) {
    pin_to_last_cpu();
    pads_->start();
    for (std::uint64_t i = 0; i < 40; ++i) {
        Worker brief;
        EXPECT_EQ(pushes(brief, i), pinned_);
    }
    GstStructure* stats = nullptr;
    g_object_get(pads_->element(), "stats", &stats, nullptr);
    EXPECT_LT(gst_value_array_get_size(gst_structure_get_value(stats, "threads")), 40U);
    gst_structure_free(stats);
    // The kernel may show the very last ones for a moment yet.
    EXPECT_LT(stat_of(pads_->element(), "pinned-threads"), 40U);
}

TEST_F(NumapinThreads, that_have_ended_take_little_memory) {
    if (test::kSanitized)
        GTEST_SKIP() << "a sanitizer allocates for itself";
    pads_->start();
    const auto come_and_go = [&](std::uint64_t from, std::uint64_t to) {
        for (std::uint64_t i = from; i < to; ++i) {
            Worker brief;
            pushes(brief, i);
        }
    };
    come_and_go(0, 2);
    const std::size_t few = heap_bytes();
    come_and_go(2, 40);
    const std::size_t many = heap_bytes();
    // Sixteen are remembered. A histogram alone would be 30 KiB each.
    EXPECT_LT(many, few + 16 * 8 * 1024U);
    come_and_go(40, 80);
    EXPECT_LT(heap_bytes(), many + 16 * 1024U);
    GstStructure* stats = nullptr;
    g_object_get(pads_->element(), "stats", &stats, nullptr);
    EXPECT_LE(gst_value_array_get_size(gst_structure_get_value(stats, "threads")), 17U);
    gst_structure_free(stats);
}

TEST_F(NumapinThreads, take_over_settings_with_the_next_buffer) {
    begins(worker_);
    pin_to_last_cpu();
    EXPECT_EQ(pushes(worker_, 0), pinned_);
    set("timer-slack-ns=77");
    EXPECT_EQ(pushes(worker_, 1), with_cpus(before_, cpu_, "77"));
    g_object_set(pads_->element(), "cpus", nullptr, "timer-slack-ns", guint64{0}, nullptr);
    EXPECT_EQ(pushes(worker_, 2), before_);
}

TEST_F(NumapinThreads, keep_the_good_settings_where_new_ones_are_wrong) {
    pin_to_last_cpu();
    begins(worker_);
    set("cpus=node:99");
    EXPECT_EQ(pushes(worker_, 0), pinned_);
    EXPECT_EQ(complaint().find("cpus=node:99: there is no NUMA node \"99\"; nodes: 0"), 0U);
}

TEST_F(NumapinThreads, get_a_real_time_policy_and_give_it_back) {
    set("policy=fifo priority=3");
    const std::string state = begins(worker_);
    if (const std::string refusal = complaint(); !refusal.empty())
        GTEST_SKIP() << refusal;
    EXPECT_NE(state.find("fifo 3"), std::string::npos) << state;
    EXPECT_EQ(thread_text(pads_->element(), "scheduling"), "fifo 3");
    pads_->stop();
    EXPECT_EQ(on(worker_, [] {}), before_);
}

TEST_F(NumapinThreads, are_seen_inside_their_cpus_at_every_sample) {
    pin_to_last_cpu();
    begins(worker_);
    for (std::uint64_t i = 0; i < 1000; ++i)
        pushes(worker_, i);
    GstElement* const element = pads_->element();
    EXPECT_EQ(thread_count(element, "samples"), 1000U);
    EXPECT_EQ(thread_count(element, "samples-outside"), 0U);
    EXPECT_EQ(thread_text(element, "cpus"), cpu_);
    EXPECT_EQ(thread_text(element, "cpus-seen"), cpu_);
}

TEST_F(NumapinThreads, that_are_moved_by_others_are_seen_outside) {
    const std::vector<unsigned> cpus = usable_cpus();
    if (cpus.size() < 2)
        GTEST_SKIP() << "one CPU alone";
    pin_to_last_cpu();
    begins(worker_);
    on(worker_, [&] {
        LinuxThreadSystem system;
        system.set_cpus(system.current(), CpuSet::range(cpus[0], cpus[0]));
    });
    pushes(worker_, 0);
    EXPECT_EQ(thread_count(pads_->element(), "samples-outside"), 1U);
    EXPECT_NE(diagnosis_text(pads_->element()).find("outside its CPUs at 1 of 1 samples"),
              std::string::npos);
}

TEST_F(NumapinThreads, are_spread_one_for_each_cpu_by_auto) {
    const std::vector<unsigned> cpus = usable_cpus();
    if (cpus.size() < 2)
        GTEST_SKIP() << "one CPU alone";
    PadPair second("numapin");
    set("cpus=auto");
    set_properties(second.element(), "cpus=auto");
    const std::string one = begins(worker_);
    const std::string two = on(other_, [&] { second.start(); });
    EXPECT_NE(one, before_);
    EXPECT_NE(two, before_);
    EXPECT_NE(one, two);
    second.stop();
    EXPECT_EQ(on(other_, [] {}), before_);
}

TEST_F(NumapinThreads, without_a_cpu_left_stay_where_they_are) {
    const std::vector<unsigned> cpus = usable_cpus();
    std::vector<std::unique_ptr<PadPair>> others;
    std::vector<std::unique_ptr<Worker>> workers;
    for (std::size_t i = 0; i < cpus.size(); ++i) {
        others.push_back(std::make_unique<PadPair>("numapin"));
        workers.push_back(std::make_unique<Worker>());
        set_properties(others.back()->element(), "cpus=auto");
        on(*workers.back(), [&] { others.back()->start(); });
    }
    set("cpus=auto");
    EXPECT_EQ(begins(worker_), before_);
    EXPECT_EQ(complaint().find("cpus=auto: the thread stays where it is: every CPU"), 0U);
}

class NumapinSettings : public NumapinThreads {
  protected:
    /// What a start with these properties fails with.
    std::string refusal_of(const char* properties) {
        PadPair pads("numapin");
        set_properties(pads.element(), properties);
        EXPECT_EQ(gst_element_set_state(pads.element(), GST_STATE_READY), GST_STATE_CHANGE_FAILURE)
            << properties;
        return next_complaint(pads.bus(), GST_MESSAGE_ERROR);
    }
};

TEST_F(NumapinSettings, that_name_what_does_not_exist_are_refused_with_what_does) {
    const LoadedTopology machine = load_machine();
    const std::string cpus = machine.topology->cpus().text();
    EXPECT_EQ(refusal_of("cpus=8000"), "cpus=8000: there is no CPU 8000; CPUs: " + cpus);
    EXPECT_EQ(refusal_of("cpus=package:77"),
              "cpus=package:77: there is no package \"77\"; packages: " +
                  machine.topology->packages().text());
    EXPECT_EQ(refusal_of("cpus=near:nothing0").find("cpus=near:nothing0: there is no device"), 0U);
    EXPECT_EQ(refusal_of("cpus=some").find("cpus=some: cannot read \"some\": use numbers"), 0U);
}

TEST_F(NumapinSettings, that_the_kernel_would_never_take_are_refused) {
    EXPECT_NE(refusal_of("policy=deadline cpus=auto runtime=100000 deadline=1000000")
                  .find("exclude each other"),
              std::string::npos);
    EXPECT_NE(refusal_of("policy=deadline").find("runtime <= deadline <= period"),
              std::string::npos);
    EXPECT_NE(refusal_of("policy=rr nice=5").find("nice=5 means nothing"), std::string::npos);
}

TEST_F(NumapinSettings, of_a_deadline_are_set_or_refused_with_a_warning) {
    set("policy=deadline runtime=100000 deadline=10000000");
    const std::string state = begins(worker_);
    if (const std::string refusal = complaint(); !refusal.empty()) {
        EXPECT_EQ(refusal.find("policy deadline 100000/10000000/10000000 was refused"), 0U);
        EXPECT_EQ(state, before_);
    } else {
        EXPECT_NE(state.find("deadline 100000/10000000/10000000"), std::string::npos) << state;
    }
    EXPECT_EQ(pads_->received().size(), 3U);
}

TEST_F(NumapinSettings, show_the_topology_that_is_in_use) {
    setenv("HWLOC_SYNTHETIC", "node:2 core:4 pu:1", 1);
    EXPECT_EQ(refusal_of("cpus=node:2"), "cpus=node:2: there is no NUMA node \"2\"; nodes: 0-1");
    pads_->activate();
    unsetenv("HWLOC_SYNTHETIC");
    GstStructure* stats = nullptr;
    g_object_get(pads_->element(), "stats", &stats, nullptr);
    EXPECT_STREQ(gst_structure_get_string(stats, "topology"), "synthetic");
    gst_structure_free(stats);
}

} // namespace
