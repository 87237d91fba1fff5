// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What meets what under clockcalib: tracers each other, the end of one recording the begin of the
// next, and a forked child the threads that it does not have. Each case runs in a process of its
// own; this one never starts GStreamer.
#include "child_process.h"

#include <gst/gst.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

using namespace tactus;

namespace {

constexpr const char* kProbed = "fakesrc num-buffers=50 ! clockcalib-probe name=probe ! fakesink";
constexpr unsigned kPatienceS = 20; ///< for what would otherwise hang

GstElement* parsed(const char* line) {
    return gst_parse_launch(line, nullptr);
}

bool play_to_end(GstElement* pipeline) {
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus* bus = gst_element_get_bus(pipeline);
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, 30 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    const bool ended = message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
    if (message != nullptr)
        gst_message_unref(message);
    gst_object_unref(bus);
    return ended;
}

void free_pipeline(GstElement* pipeline) {
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
}

/// The figures of an object as text.
std::string stats_of(gpointer object) {
    GstStructure* stats = nullptr;
    g_signal_emit_by_name(object, "get-stats", &stats);
    gchar* text = gst_structure_to_string(stats);
    std::string copy = text;
    g_free(text);
    gst_structure_free(stats);
    return copy;
}

/// Whether the probe has seen all 50 buffers of its pipeline, and each once.
bool saw_all(GstElement* pipeline, gpointer object) {
    const std::string stats = stats_of(object);
    const std::string path = std::string("source\\=\\(string\\)") + GST_OBJECT_NAME(pipeline) + "/";
    const auto at = stats.find(path);
    return at != std::string::npos &&
           stats.substr(at, 200).find("buffers\\=\\(guint64\\)50\\,") != std::string::npos;
}

/// The exit code of a child of this process.
int in_grandchild(const std::function<int()>& body) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(kPatienceS);
        std::exit(body());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

std::promise<void>& looked() {
    static std::promise<void> promise;
    return promise;
}
std::promise<void>& let_go() {
    static std::promise<void> promise;
    return promise;
}

/// A clock that holds the thread of the figures, when that looks at it first, until it is let go.
GstClock* make_holding_clock() {
    static GstClockClass* parent = nullptr;
    const auto init = [](gpointer klass, gpointer) {
        parent = GST_CLOCK_CLASS(g_type_class_peek_parent(klass));
        GST_CLOCK_CLASS(klass)->get_internal_time = [](GstClock* clock) {
            static std::atomic<bool> first{true};
            char name[16]{};
            pthread_getname_np(pthread_self(), name, sizeof name);
            if (std::string(name) == "clockcalib" && first.exchange(false)) {
                looked().set_value();
                let_go().get_future().wait();
            }
            return parent->get_internal_time(clock);
        };
    };
    const GType type = g_type_register_static_simple(
        gst_system_clock_get_type(), "TactusHoldingClock", sizeof(GstSystemClockClass), init,
        sizeof(GstSystemClock), nullptr, static_cast<GTypeFlags>(0));
    return GST_CLOCK(gst_object_ref_sink(g_object_new(type, nullptr)));
}

int play_probed() {
    GstElement* pipeline = parsed(kProbed);
    const bool ended = play_to_end(pipeline);
    GstElement* probe = gst_bin_get_by_name(GST_BIN_CAST(pipeline), "probe");
    const bool seen = saw_all(pipeline, probe);
    gst_object_unref(probe);
    free_pipeline(pipeline);
    return !ended ? 1 : seen ? 0 : 2;
}

} // namespace

TEST(ClockcalibRaces, TwoTracersRecordEachBufferOnce) {
    const ChildResult child =
        run_in_child("clockcalib(records=false);clockcalib(records=false)", [] {
            gst_init(nullptr, nullptr);
            GstElement* pipeline = parsed("fakesrc num-buffers=50 ! fakesink");
            const bool ended = play_to_end(pipeline);
            GList* tracers = gst_tracing_get_active_tracers();
            const std::string stats = stats_of(tracers->data);
            g_list_free_full(tracers, gst_object_unref);
            free_pipeline(pipeline);
            return ended && stats.find("buffers-out\\=\\(guint64\\)50\\,") != std::string::npos ? 0
                                                                                                : 1;
        });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
}

TEST(ClockcalibRaces, AProbeWorksInTheChildOfAProcessThatHadOne) {
    TACTUS_NEEDS_FORK_OF_THREADS();
    const ChildResult child = run_in_child("", [] {
        gst_init(nullptr, nullptr);
        GstElement* before = parsed(kProbed);
        gst_element_set_state(before, GST_STATE_READY);
        free_pipeline(before);
        return in_grandchild([] {
            GstElement* pipeline = parsed(kProbed);
            GstElement* probe = gst_bin_get_by_name(GST_BIN_CAST(pipeline), "probe");
            const std::string report =
                testing::TempDir() + "clockcalib-races-" + std::to_string(getpid()) + ".html";
            g_object_set(probe, "report", report.c_str(), nullptr);
            gst_object_unref(probe);
            // Not further: the child of a process with streaming threads cannot have any itself.
            gst_element_set_state(pipeline, GST_STATE_READY);
            free_pipeline(pipeline);
            const bool written = !read_file(report).empty();
            unlink(report.c_str());
            return written ? 0 : 12;
        });
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
}

TEST(ClockcalibRaces, AForkedChildCanPutItsCopyOfTheProbeAway) {
    TACTUS_NEEDS_FORK_OF_THREADS();
    const ChildResult child = run_in_child("", [] {
        gst_init(nullptr, nullptr);
        GstElement* pipeline =
            parsed("fakesrc ! clockcalib-probe name=probe metrics=127.0.0.1:0 ! fakesink");
        gst_element_set_state(pipeline, GST_STATE_READY);
        GstElement* probe = gst_bin_get_by_name(GST_BIN_CAST(pipeline), "probe");
        const int code = in_grandchild([&] {
            g_signal_emit_by_name(probe, "detach");
            return 0;
        });
        gst_object_unref(probe);
        free_pipeline(pipeline);
        return code;
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
}

TEST(ClockcalibRaces, ARecordingBeginsWhileTheLastOneEnds) {
    const ChildResult child = run_in_child("", [] {
        alarm(kPatienceS);
        gst_init(nullptr, nullptr);
        std::atomic<int> failures{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 2; ++i)
            threads.emplace_back([&] {
                for (int round = 0; round < (test::kAddressSanitized ? 20 : 300); ++round)
                    failures += play_probed() != 0 ? 1 : 0;
            });
        for (std::thread& thread : threads)
            thread.join();
        std::fprintf(stderr, "%d recordings saw too little\n", failures.load());
        return failures > 0 ? 1 : 0;
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
}

TEST(ClockcalibRaces, ASyncHandlerMayEndTheRecordingThatCallsIt) {
    const ChildResult child = run_in_child("", [] {
        alarm(kPatienceS);
        gst_init(nullptr, nullptr);
        GstElement* pipeline = parsed("fakesrc is-live=true do-timestamp=true ! "
                                      "clockcalib-probe name=probe interval=10 ! fakesink");
        GstElement* probe = gst_bin_get_by_name(GST_BIN_CAST(pipeline), "probe");
        static std::promise<void> detached;
        static std::atomic<bool> first{true};
        const auto on_message = +[](GstBus*, GstMessage* message, gpointer data) {
            if (gst_message_has_name(message, "clockcalib-stats") && first.exchange(false)) {
                g_signal_emit_by_name(data, "detach");
                detached.set_value();
            }
            gst_message_unref(message);
            return GST_BUS_DROP;
        };
        GstBus* bus = gst_element_get_bus(pipeline);
        gst_bus_set_sync_handler(bus, on_message, probe, nullptr);
        gst_object_unref(bus);
        gst_element_set_state(pipeline, GST_STATE_PLAYING);
        detached.get_future().wait();
        gst_object_unref(probe);
        free_pipeline(pipeline);
        return play_probed(); // a new recording can begin
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
}

// It looks at sinks now and then, and whoever lets go of one meanwhile leaves the last reference to
// it. What is done when an element goes may want to know the figures.
TEST(ClockcalibRaces, FiguresCanBeAskedForWhenASinkEndsInItsHands) {
    const ChildResult child = run_in_child("clockcalib(records=false)", [] {
        alarm(kPatienceS);
        gst_init(nullptr, nullptr);
        GstElement* pipeline = parsed("fakesrc num-buffers=50 ! fakesink name=sink sync=true");
        GstClock* clock = make_holding_clock();
        gst_pipeline_use_clock(GST_PIPELINE(pipeline), clock);
        gst_object_unref(clock);
        const bool ended = play_to_end(pipeline);
        looked().get_future().wait(); // with references to both in the hand
        static std::promise<void> gone;
        GstElement* sink = gst_bin_get_by_name(GST_BIN_CAST(pipeline), "sink");
        const auto on_end = +[](gpointer, GObject*) {
            GList* tracers = gst_tracing_get_active_tracers();
            stats_of(tracers->data);
            g_list_free_full(tracers, gst_object_unref);
            gone.set_value();
        };
        g_object_weak_ref(G_OBJECT(sink), on_end, nullptr);
        gst_object_unref(sink);
        free_pipeline(pipeline);
        let_go().set_value();
        gone.get_future().wait();
        return ended ? 0 : 1;
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
}

TEST(ClockcalibRaces, ALongListIsRecordedToItsEnd) {
    const ChildResult child = run_in_child("clockcalib(records=false)", [] {
        gst_init(nullptr, nullptr);
        GstElement* pipeline = parsed("appsrc name=src ! fakesink");
        GstElement* src = gst_bin_get_by_name(GST_BIN_CAST(pipeline), "src");
        GstBufferList* list = gst_buffer_list_new();
        for (int i = 0; i < 600; ++i)
            gst_buffer_list_add(list, gst_buffer_new_allocate(nullptr, 10, nullptr));
        GstFlowReturn flow = GST_FLOW_OK;
        gst_element_set_state(pipeline, GST_STATE_PAUSED);
        g_signal_emit_by_name(src, "push-buffer-list", list, &flow);
        g_signal_emit_by_name(src, "end-of-stream", &flow);
        gst_buffer_list_unref(list);
        gst_object_unref(src);
        const bool ended = play_to_end(pipeline);
        GList* tracers = gst_tracing_get_active_tracers();
        const std::string stats = stats_of(tracers->data);
        g_list_free_full(tracers, gst_object_unref);
        free_pipeline(pipeline);
        std::fprintf(stderr, "%s\n", stats.c_str());
        return ended && stats.find("buffers\\=\\(guint64\\)600\\,") != std::string::npos ? 0 : 1;
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors.substr(0, 2000);
}
