// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// numapin in pipelines: which thread each one pins, and that none is left pinned.
#include "element_reports.h"
#include "glue/handles.h"
#include "launched_pipeline.h"
#include "scratch_folder.h"
#include "shared_thread_source.h"
#include "thread_states.h"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace tactus;

namespace {

/// Writes down how the threads are scheduled that push through a pad.
class ThreadProbe {
  public:
    ThreadProbe(GstElement* element, const char* pad_name)
        : pad_(gst_element_get_static_pad(element, pad_name)) {
        gst_pad_add_probe(pad_, GST_PAD_PROBE_TYPE_BUFFER, note, this, nullptr);
    }
    ~ThreadProbe() { gst_object_unref(pad_); }
    ThreadProbe(const ThreadProbe&) = delete;
    ThreadProbe& operator=(const ThreadProbe&) = delete;

    std::string states() {
        const std::lock_guard hold(lock_);
        std::string text;
        for (const std::string& state : states_)
            text += (text.empty() ? "" : " | ") + state;
        return text;
    }
    std::size_t threads() {
        const std::lock_guard hold(lock_);
        return tids_.size();
    }
    pid_t tid() {
        const std::lock_guard hold(lock_);
        return tids_.empty() ? 0 : *tids_.begin();
    }
    bool has_seen_something() { return threads() != 0; }

  private:
    static GstPadProbeReturn note(GstPad*, GstPadProbeInfo*, gpointer self) {
        auto& probe = *static_cast<ThreadProbe*>(self);
        LinuxThreadSystem system;
        const std::lock_guard hold(probe.lock_);
        probe.states_.insert(thread_state());
        probe.tids_.insert(system.current());
        return GST_PAD_PROBE_OK;
    }

    GstPad* pad_;
    std::mutex lock_;
    std::set<std::string> states_;
    std::set<pid_t> tids_;
};

class NumapinPipelines : public testing::Test {
  protected:
    void SetUp() override {
        register_shared_thread_source();
        const std::vector<unsigned> cpus = usable_cpus();
        first_ = std::to_string(cpus.front());
        last_ = std::to_string(cpus.back());
    }
    void TearDown() override { expect_no_thread_is_pinned(); }

    static std::string on_cpu(const std::string& cpu) { return with_cpus(thread_state(), cpu); }
    /// numapin NAME with its CPU.
    static std::string pin(const std::string& cpu, const std::string& name) {
        return " ! numapin cpus=" + cpu + " name=" + name + " ! ";
    }
    std::string first_;
    std::string last_;
};

TEST_F(NumapinPipelines, pin_the_thread_before_a_queue_and_the_one_behind_it) {
    LaunchedPipeline p("videotestsrc num-buffers=30" + pin(first_, "a") + "queue" +
                       pin(last_, "b") + "fakesink");
    ThreadProbe a(p.child("a"), "src");
    ThreadProbe b(p.child("b"), "src");
    p.play();
    EXPECT_EQ(p.wait(), "");
    EXPECT_EQ(a.states(), on_cpu(first_));
    EXPECT_EQ(b.states(), on_cpu(last_));
    EXPECT_NE(a.tid(), b.tid());
}

TEST_F(NumapinPipelines, pin_the_one_thread_before_a_tee_and_each_behind_its_queues) {
    LaunchedPipeline p("audiotestsrc num-buffers=30" + pin(first_, "a") + "tee name=t t. ! queue" +
                       pin(last_, "b") + "fakesink t. ! queue" + pin(first_, "c") +
                       "fakesink t. ! fakesink name=d async=false");
    ThreadProbe a(p.child("a"), "src");
    ThreadProbe b(p.child("b"), "src");
    ThreadProbe c(p.child("c"), "src");
    ThreadProbe d(p.child("d"), "sink");
    p.play();
    EXPECT_EQ(p.wait(), "");
    EXPECT_EQ(a.states(), on_cpu(first_));
    EXPECT_EQ(b.states(), on_cpu(last_));
    EXPECT_EQ(c.states(), on_cpu(first_));
    EXPECT_EQ(d.tid(), a.tid());
}

TEST_F(NumapinPipelines, pin_behind_a_tee_the_thread_that_all_its_branches_share) {
    LaunchedPipeline p("audiotestsrc num-buffers=30 ! tee name=t t." + pin(last_, "a") +
                       "fakesink t. ! fakesink name=d async=false");
    ThreadProbe d(p.child("d"), "sink");
    p.play();
    EXPECT_EQ(p.wait(), "");
    EXPECT_NE(d.states().find(on_cpu(last_)), std::string::npos);
}

TEST_F(NumapinPipelines, pin_what_reads_a_clip_and_what_decodes_it) {
    const char* clip = std::getenv("TACTUS_CLIP");
    if (clip == nullptr || !std::filesystem::exists(clip))
        GTEST_SKIP() << "no clip at TACTUS_CLIP";
    LaunchedPipeline p("filesrc location=" + std::string(clip) + pin(first_, "a") +
                       "decodebin ! queue" + pin(last_, "b") +
                       "identity eos-after=60 ! fakesink sync=false");
    ThreadProbe b(p.child("b"), "src");
    p.play();
    EXPECT_EQ(p.wait(), "");
    EXPECT_EQ(b.states(), on_cpu(last_));
    // A demuxer pulls, so numapin pins the thread of the demuxer.
    EXPECT_GT(stat_of(p.child("a"), "buffers"), 0U);
    EXPECT_NE(thread_text(p.child("a"), "cpus-seen"), "none");
}

TEST_F(NumapinPipelines, let_downstream_pull) {
    const ScratchFolder folder;
    const std::string file = folder / "tone.wav";
    {
        LaunchedPipeline p("audiotestsrc num-buffers=50 ! wavenc ! filesink location=" + file);
        p.play();
        EXPECT_EQ(p.wait(), "");
    }
    LaunchedPipeline p("filesrc location=" + file + pin(last_, "a") +
                       "wavparse ! fakesink name=sink");
    ThreadProbe sink(p.child("sink"), "sink");
    p.play();
    EXPECT_EQ(p.wait(), "");
    EXPECT_EQ(sink.states(), on_cpu(last_));
}

TEST_F(NumapinPipelines, of_two_on_one_thread_the_last_wins_and_says_so) {
    if (first_ == last_)
        GTEST_SKIP() << "one CPU alone";
    LaunchedPipeline p("audiotestsrc num-buffers=30 ! numapin name=a timer-slack-ns=5 cpus=" +
                       first_ + pin(last_, "b") + "fakesink name=sink");
    ThreadProbe a(p.child("a"), "src");
    ThreadProbe sink(p.child("sink"), "sink");
    p.play();
    EXPECT_EQ(p.next_warning().find("another numapin had set the same on this thread"), 0U);
    EXPECT_EQ(p.wait(), "");
    EXPECT_EQ(sink.states(), with_cpus(thread_state(), last_, "5"));
    EXPECT_EQ(sink.threads(), 1U);
}

TEST_F(NumapinPipelines, put_a_live_thread_back_when_they_stop_in_mid_stream) {
    for (int i = 0; i < 20; ++i) {
        LaunchedPipeline p("audiotestsrc is-live=true" + pin(last_, "a") + "fakesink name=sink");
        ThreadProbe sink(p.child("sink"), "sink");
        p.play();
        EXPECT_TRUE(comes_true([&] { return sink.has_seen_something(); }));
        EXPECT_EQ(sink.states(), on_cpu(last_));
        gst_element_set_state(p.get(), GST_STATE_NULL);
        const std::string now = thread_state(sink.tid());
        EXPECT_TRUE(now == thread_state() || now == "gone") << now;
    }
}

TEST_F(NumapinPipelines, put_the_thread_back_on_an_error_of_upstream_and_of_downstream) {
    for (const char* broken : {"identity error-after=5 ! numapin name=a policy=batch ! fakesink",
                               "numapin name=a policy=batch ! identity error-after=5 ! fakesink"}) {
        LaunchedPipeline p(std::string("audiotestsrc ! ") + broken);
        ThreadProbe a(p.child("a"), "src");
        p.play();
        EXPECT_NE(p.wait(), "");
        EXPECT_NE(a.states().find("batch"), std::string::npos);
        EXPECT_TRUE(comes_true([&] {
            const std::string now = thread_state(a.tid());
            return now == thread_state() || now == "gone";
        })) << broken;
    }
}

/// A source that is taken away while numapin goes on playing, with an element between the two.
TEST_F(NumapinPipelines, put_the_thread_of_a_source_back_that_is_removed_while_playing) {
    LaunchedPipeline p("audiotestsrc is-live=true name=src ! capsfilter name=filter" +
                       pin(last_, "a") + "fakesink name=sink");
    ThreadProbe sink(p.child("sink"), "sink");
    p.play();
    EXPECT_TRUE(comes_true([&] { return sink.has_seen_something(); }));
    GstElement* const source = p.child("src");
    gst_object_ref(source);
    gst_bin_remove(GST_BIN(p.get()), source);
    const std::string now = thread_state(sink.tid());
    EXPECT_EQ(now, thread_state());
    gst_element_set_state(source, GST_STATE_NULL);
    GstPad* const pad = gst_element_get_static_pad(source, "src");
    EXPECT_FALSE(
        g_signal_has_handler_pending(pad, g_signal_lookup("unlinked", GST_TYPE_PAD), 0, TRUE));
    gst_object_unref(pad);
    gst_object_unref(source);
}

/// Its thread goes back to GLib's pool while numapin plays on.
TEST_F(NumapinPipelines, put_the_thread_of_a_source_back_that_is_stopped_alone) {
    LaunchedPipeline p("audiotestsrc is-live=true name=src ! capsfilter name=filter ! numapin "
                       "timer-slack-ns=5 name=a cpus=" +
                       last_ + " ! fakesink name=sink");
    ThreadProbe sink(p.child("sink"), "sink");
    p.play();
    EXPECT_TRUE(comes_true([&] { return sink.has_seen_something(); }));
    GstElement* const source = p.child("src");
    gst_element_set_locked_state(source, TRUE);
    gst_element_set_state(source, GST_STATE_NULL);
    const std::string now = thread_state(sink.tid());
    EXPECT_TRUE(now == thread_state() || now == "gone") << now;
    EXPECT_EQ(stat_of(p.child("a"), "restores"), 1U);
    EXPECT_EQ(stat_of(p.child("a"), "restores-failed"), 0U);
    EXPECT_EQ(stat_of(p.child("a"), "pinned-threads"), 0U);
    // It goes on where it left off.
    gst_element_set_state(source, GST_STATE_PLAYING);
    EXPECT_TRUE(comes_true([&] { return stat_of(p.child("a"), "pinned-threads") == 1; }));
    gst_element_set_locked_state(source, FALSE);
}

TEST_F(NumapinPipelines, put_the_thread_back_when_numapin_is_removed_while_playing) {
    LaunchedPipeline p("audiotestsrc is-live=true" + pin(last_, "a") + "fakesink name=sink");
    ThreadProbe sink(p.child("sink"), "sink");
    p.play();
    EXPECT_TRUE(comes_true([&] { return sink.has_seen_something(); }));
    GstElement* const numapin = p.child("a");
    gst_object_ref(numapin);
    gst_bin_remove(GST_BIN(p.get()), numapin);
    EXPECT_TRUE(comes_true([&] {
        const std::string now = thread_state(sink.tid());
        return now == thread_state() || now == "gone";
    }));
    gst_element_set_state(numapin, GST_STATE_NULL);
    gst_object_unref(numapin);
}

// Of two numapins on a thread the first goes: the other still holds the thread where it is.
TEST_F(NumapinPipelines, name_who_shares_a_core_for_as_long_as_anybody_pins_it_there) {
    LaunchedPipeline p("audiotestsrc is-live=true name=source" + pin(first_, "a") +
                       "identity name=i" + pin(first_, "b") + "queue" + pin(first_, "c") +
                       "fakesink");
    p.play();
    const auto names_the_source = [&] {
        GstStructure* stats = nullptr;
        g_object_get(p.child("c"), "stats", &stats, nullptr);
        const StructureHandle handle(stats);
        const GValue* const lines = gst_structure_get_value(stats, "diagnosis");
        for (guint i = 0; i < gst_value_array_get_size(lines); ++i)
            if (std::string(g_value_get_string(gst_value_array_get_value(lines, i)))
                    .find("shares a physical core with source:src") != std::string::npos)
                return true;
        return false;
    };
    EXPECT_TRUE(comes_true(names_the_source));
    g_object_set(p.child("a"), "cpus", "", nullptr);
    EXPECT_TRUE(comes_true([&] { return stat_of(p.child("b"), "buffers") > 20; }));
    EXPECT_TRUE(names_the_source());
    g_object_set(p.child("b"), "cpus", "", nullptr);
    EXPECT_TRUE(comes_true([&] { return !names_the_source(); }));
}

TEST_F(NumapinPipelines, leave_a_shared_thread_alone_and_say_so) {
    LaunchedPipeline p("shared-thread-source name=src" + pin(last_, "a") + "fakesink name=sink");
    ThreadProbe sink(p.child("sink"), "sink");
    p.play();
    EXPECT_EQ(p.next_warning().find("the thread is not pinned: many elements share the one that "
                                    "src runs on"),
              0U);
    EXPECT_EQ(p.wait(), "");
    EXPECT_EQ(sink.states(), thread_state());
    EXPECT_EQ(stat_of(p.child("a"), "threads-refused"), 1U);
}

TEST_F(NumapinPipelines, pin_behind_a_queue_whatever_is_before_it) {
    LaunchedPipeline p("shared-thread-source ! queue" + pin(last_, "a") + "fakesink name=sink");
    ThreadProbe sink(p.child("sink"), "sink");
    p.play();
    EXPECT_EQ(p.wait(), "");
    EXPECT_EQ(sink.states(), on_cpu(last_));
}

TEST_F(NumapinPipelines, look_out_of_the_bin_they_are_in) {
    GError* error = nullptr;
    GstElement* const bin =
        gst_parse_bin_from_description(("numapin name=a cpus=" + last_).c_str(), TRUE, &error);
    ASSERT_EQ(error, nullptr);
    LaunchedPipeline p("shared-thread-source name=src fakesink name=sink");
    gst_bin_add(GST_BIN(p.get()), bin);
    ASSERT_TRUE(gst_element_link_many(p.child("src"), bin, p.child("sink"), nullptr));
    p.play();
    EXPECT_EQ(p.wait(), "");
    EXPECT_EQ(stat_of(p.child("a"), "threads-refused"), 1U);
}

TEST_F(NumapinPipelines, post_a_report_at_each_interval) {
    GstClock* const clock = gst_test_clock_new();
    gst_system_clock_set_default(clock);
    {
        LaunchedPipeline p("audiotestsrc num-buffers=5" + pin(last_, "a") + "fakesink name=sink");
        set_properties(p.child("a"), "report-interval=1000000000");
        p.play();
        for (int i = 0; i < 3; ++i) {
            gst_test_clock_wait_for_next_pending_id(GST_TEST_CLOCK(clock), nullptr);
            gst_test_clock_crank(GST_TEST_CLOCK(clock));
            GstMessage* message = p.wait_for(GST_MESSAGE_ELEMENT);
            ASSERT_NE(message, nullptr);
            EXPECT_TRUE(gst_message_has_name(message, "numapin-report"));
            EXPECT_NE(gst_structure_get_value(gst_message_get_structure(message), "threads"),
                      nullptr);
            gst_message_unref(message);
        }
        EXPECT_EQ(gst_test_clock_peek_id_count(GST_TEST_CLOCK(clock)), 1U);
        gst_element_set_state(p.get(), GST_STATE_NULL);
        EXPECT_EQ(gst_test_clock_peek_id_count(GST_TEST_CLOCK(clock)), 0U);
    }
    gst_system_clock_set_default(nullptr);
    gst_object_unref(clock);
}

TEST_F(NumapinPipelines, leave_no_reports_behind_when_the_interval_is_set_while_they_stop) {
    GstClock* const clock = gst_test_clock_new();
    gst_system_clock_set_default(clock);
    {
        LaunchedPipeline p("numapin name=a fakesink");
        GstElement* const numapin = p.child("a");
        std::atomic<bool> ends{false};
        std::thread setter([&] {
            for (guint64 i = 1; !ends; ++i)
                g_object_set(numapin, "report-interval", GST_SECOND + i % 2, nullptr);
        });
        guint left = 0;
        for (int i = 0; i < 40; ++i) {
            gst_element_set_state(numapin, GST_STATE_PAUSED);
            gst_element_set_state(numapin, GST_STATE_READY);
            std::this_thread::yield();
            left += gst_test_clock_peek_id_count(GST_TEST_CLOCK(clock));
        }
        ends = true;
        setter.join();
        EXPECT_EQ(left, 0U);
    }
    gst_system_clock_set_default(nullptr);
    gst_object_unref(clock);
}

} // namespace
