// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a process does with the tracer in it: how it starts, forks and ends, and what goes wrong
// around it. Each case runs in a process of its own; this one never starts GStreamer.
#include "child_process.h"
#include "footprint.h"
#include "loopback_socket.h"
#include "traced_pipeline.h"

#include <cstring>
#include <filesystem>
#include <regex>

using namespace tactus;
using namespace tactus::traced;

namespace {

constexpr const char* kLine = "videotestsrc name=src num-buffers=100 ! "
                              "video/x-raw,width=32,height=32,framerate=100/1 ! queue ! "
                              "fakesink name=sink";

std::string scratch(const std::string& name) {
    return testing::TempDir() + "clockcalib-" + std::to_string(getpid()) + "-" + name;
}

/// 0 if the pipeline plays to its end.
int play(const std::string& name = "pipeline", const std::string& line = kLine) {
    gst_init(nullptr, nullptr);
    Pipeline p(name, line);
    return p.run() == "eos" ? 0 : 1;
}

int play_and_leave() {
    const int result = play();
    gst_deinit();
    return result;
}

bool has_protoc() {
    int code = -1;
    output_of("protoc --version 2>&1", code);
    return code == 0;
}

/// The trace as text; a failure if it is no trace.
std::string decoded(const std::string& path) {
    int code = -1;
    std::string text = output_of(std::string("protoc --decode=perfetto.protos.Trace -I ") +
                                     TACTUS_TEST_SUPPORT + " perfetto_subset.proto < " + path,
                                 code);
    EXPECT_EQ(code, 0) << path << " is no whole trace";
    return text;
}

/// A port on which nobody else can listen.
class TakenPort {
  public:
    explicit TakenPort(bool listens) {
        if (listens) {
            EXPECT_EQ(listen(socket_.fd(), 1), 0);
        }
    }
    std::string address() const { return "127.0.0.1:" + std::to_string(socket_.port()); }

  private:
    LoopbackSocket socket_{SOCK_STREAM};
};

} // namespace

TEST(Parameters, ThatAreWrongAreNamedAndTheRestGoesOn) {
    const std::string report = scratch("parameters.html");
    const ChildResult child = run_in_child(
        "clockcalib(tracee=x,interval=soon,records=perhaps,stall-threshold,report=" + report + ")",
        play_and_leave);
    EXPECT_EQ(child.exit_code, 0) << child.errors;
    EXPECT_NE(child.errors.find("unknown parameter 'tracee'"), std::string::npos) << child.errors;
    for (const char* name : {"trace", "report", "metrics", "otlp", "interval", "stall-threshold",
                             "otlp-sample", "records"})
        EXPECT_NE(child.errors.find(name), std::string::npos) << name << " in " << child.errors;
    EXPECT_NE(child.errors.find("'interval' cannot be 'soon'"), std::string::npos);
    EXPECT_NE(child.errors.find("'records' cannot be 'perhaps'"), std::string::npos);
    EXPECT_NE(child.errors.find("'stall-threshold' has no value"), std::string::npos);
    EXPECT_TRUE(std::filesystem::exists(report)) << "what is right must still be done";
    std::filesystem::remove(report);
}

TEST(Outputs, WarnOnceOfAFullDiskAndThePipelineRunsOn) {
    const ChildResult child = run_in_child("clockcalib(trace=/dev/full)", [] {
        gst_init(nullptr, nullptr);
        Pipeline p("full", "fakesrc num-buffers=20000 ! queue ! fakesink");
        const int result = p.run() == "eos" ? 0 : 1;
        p.stop();
        gst_deinit();
        return result;
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
    EXPECT_EQ(occurrences(child.errors, "/dev/full"), 1) << child.errors;
    EXPECT_TRUE(std::regex_search(
        child.errors, std::regex("the trace lacks [1-9][0-9]* packets that could not be written")))
        << child.errors;
}

TEST(Outputs, WarnOfFilesThatCannotBeMade) {
    const ChildResult child = run_in_child(
        "clockcalib(trace=/no/such/folder/x,report=/no/such/folder/y.html)", play_and_leave);
    EXPECT_EQ(child.exit_code, 0) << child.errors;
    EXPECT_NE(child.errors.find("/no/such/folder/x"), std::string::npos) << child.errors;
    EXPECT_NE(child.errors.find("/no/such/folder/y."), std::string::npos) << child.errors;
}

TEST(Outputs, WarnAtTheStartOfAReportThatCannotBeWritten) {
    const ChildResult child = run_in_child("clockcalib(report=/no/such/folder/y.html)", [] {
        gst_init(nullptr, nullptr);
        _exit(0); // nothing can be said at the end
        return 1;
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
    EXPECT_NE(child.errors.find("/no/such/folder/y.html"), std::string::npos) << child.errors;
    EXPECT_NE(child.errors.find("make the folder '/no/such/folder'"), std::string::npos)
        << child.errors;
}

TEST(Outputs, WarnOfAPortThatIsTaken) {
    const TakenPort taken(true);
    const ChildResult child =
        run_in_child("clockcalib(metrics=" + taken.address() + ")", play_and_leave);
    EXPECT_EQ(child.exit_code, 0) << child.errors;
    EXPECT_NE(child.errors.find(taken.address()), std::string::npos) << child.errors;
}

TEST(Outputs, DoWithoutACollectorThatIsDown) {
    const TakenPort silent(false); // bound, but nobody listens: connections are refused
    const ChildResult child = run_in_child(
        "clockcalib(otlp=http://" + silent.address() + ",otlp-sample=1)", play_and_leave);
    EXPECT_EQ(child.exit_code, 0) << child.errors;
    // Once that it does not answer, and at the end what did not reach it.
    EXPECT_GE(occurrences(child.errors, silent.address()), 1) << child.errors;
    EXPECT_LE(occurrences(child.errors, "\n"), 2) << child.errors;
    const auto end = child.errors.find("did not reach");
    ASSERT_NE(end, std::string::npos) << child.errors;
    EXPECT_NE(child.errors.find("Connection refused", end), std::string::npos) << child.errors;
}

TEST(Outputs, TellWhichPortServesTheMetrics) {
    const ChildResult child = run_in_child("clockcalib(metrics=127.0.0.1:0)", play_and_leave);
    EXPECT_EQ(child.exit_code, 0) << child.errors;
    EXPECT_TRUE(std::regex_search(
        child.errors, std::regex("metrics at http://127\\.0\\.0\\.1:[1-9][0-9]*/metrics")))
        << child.errors;
}

TEST(Endings, ByReturnWithoutDeinitWriteTheReportToo) {
    const std::string report = scratch("plain.html");
    const ChildResult child =
        run_in_child("clockcalib(report=" + report + ")", [] { return play(); });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
    EXPECT_NE(read_file(report).find("</html>"), std::string::npos) << child.errors;
    const std::string json = std::filesystem::path(report).replace_extension(".json").string();
    EXPECT_NE(read_file(json).find("pipeline/sink"), std::string::npos);
    std::filesystem::remove(report);
    std::filesystem::remove(json);
}

TEST(Endings, WithoutAnyWarningLeaveATraceUpToTheLastFlush) {
    if (!has_protoc())
        GTEST_SKIP() << "protoc is not installed";
    const std::string trace = scratch("exit.pftrace");
    const ChildResult child = run_in_child("clockcalib(trace=" + trace + ")", [&] {
        gst_init(nullptr, nullptr);
        Pipeline p("sudden", "videotestsrc is-live=true ! "
                             "video/x-raw,width=32,height=32,framerate=200/1 ! queue name=q ! "
                             "fakesink name=sink");
        gst_element_set_state(p.get(), GST_STATE_PLAYING);
        const std::uint64_t give_up = monotonic_ns() + kPatience;
        std::error_code none;
        while (std::filesystem::file_size(trace, none) < 20000 && monotonic_ns() < give_up)
            g_usleep(5000);
        _exit(0);
        return 1;
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
    const std::string text = decoded(trace);
    EXPECT_GT(occurrences(text, "type: TYPE_SLICE_BEGIN"), 10);
    EXPECT_NE(text.find("name: \"sink\""), std::string::npos) << "elements are named";
    std::filesystem::remove(trace);
}

namespace {

/// In a forked child: pushes through elements that are new, and ends.
[[noreturn]] void push_in_fork(Pipeline* older, bool by_exit) {
    GstElement* sink = GST_ELEMENT(gst_object_ref_sink(make("fakesink", "in-child")));
    g_object_set(sink, "async", FALSE, "sync", FALSE, nullptr);
    gst_element_set_state(sink, GST_STATE_PLAYING);
    GstPad* into = gst_element_get_static_pad(sink, "sink");
    GstPad* src = GST_PAD(gst_object_ref_sink(gst_pad_new("src", GST_PAD_SRC)));
    gst_pad_set_active(src, TRUE);
    bool good = gst_pad_link(src, into) == GST_PAD_LINK_OK;
    gst_pad_push_event(src, gst_event_new_stream_start("child"));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(src, gst_event_new_segment(&segment));
    for (int i = 0; i < 100; ++i)
        good = good && gst_pad_push(src, gst_buffer_new()) == GST_FLOW_OK;
    GObject* tracer = G_OBJECT(find_tracer());
    GstStructure* stats = nullptr;
    g_signal_emit_by_name(tracer, "get-stats", &stats);
    good = good && stats != nullptr;
    gst_structure_free(stats);
    g_object_unref(tracer);
    gst_element_set_state(sink, GST_STATE_NULL);
    gst_object_unref(into);
    gst_object_unref(src);
    gst_object_unref(sink);
    if (older != nullptr)
        gst_object_unref(gst_object_ref(older->get()));
    if (by_exit)
        std::exit(good ? 0 : 1);
    _exit(good ? 0 : 1);
}

int fork_and_go_on(int forks) {
    gst_init(nullptr, nullptr);
    if (play("before") != 0)
        return 1;
    Pipeline running("running", "videotestsrc is-live=true ! "
                                "video/x-raw,width=32,height=32,framerate=500/1 ! "
                                "fakesink name=sink");
    Watch& arrivals = running.watch_into("sink");
    gst_element_set_state(running.get(), GST_STATE_PLAYING);
    if (!arrivals.wait_count(1))
        return 2;
    for (int i = 0; i < forks; ++i) {
        std::fflush(nullptr);
        const pid_t child = fork();
        if (child == 0)
            push_in_fork(&running, i % 2 == 0);
        int status = 0;
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
            return 3;
    }
    running.stop();
    if (play("after") != 0)
        return 4;
    gst_deinit();
    return 0;
}

} // namespace

TEST(Forks, RecordNothingAndLeaveTheFilesToTheParent) {
    TACTUS_NEEDS_FORK_OF_THREADS();
    const std::string trace = scratch("fork.pftrace");
    const std::string report = scratch("fork.html");
    const ChildResult child = run_in_child("clockcalib(trace=" + trace + ",report=" + report + ")",
                                           [] { return fork_and_go_on(20); });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
    const std::string json =
        read_file(std::filesystem::path(report).replace_extension(".json").string());
    EXPECT_NE(json.find("before/sink"), std::string::npos);
    EXPECT_NE(json.find("after/sink"), std::string::npos);
    EXPECT_EQ(json.find("in-child"), std::string::npos);
    EXPECT_EQ(occurrences(child.errors, "report in"), 1) << child.errors;
    if (has_protoc()) {
        const std::string text = decoded(trace);
        EXPECT_EQ(text.find("in-child"), std::string::npos);
        EXPECT_GT(occurrences(text, "type: TYPE_SLICE_BEGIN"), 200);
    }
    for (const std::string& file : {trace, report})
        std::filesystem::remove(file);
    std::filesystem::remove(std::filesystem::path(report).replace_extension(".json"));
}

TEST(Messages, ComeAtTheIntervalWithThePipelinesOwnFigures) {
    const ChildResult child = run_in_child("clockcalib(interval=50)", [] {
        gst_init(nullptr, nullptr);
        Pipeline other("other", "fakesrc num-buffers=10 ! fakesink name=sink");
        if (other.run() != "eos")
            return 1;
        Pipeline p("talking", "videotestsrc name=src is-live=true ! "
                              "video/x-raw,width=32,height=32,framerate=100/1 ! "
                              "fakesink name=sink");
        gst_element_set_state(p.get(), GST_STATE_PLAYING);
        std::uint64_t last = 0;
        for (int told = 0; told < 4;) {
            GstMessage* message =
                gst_bus_timed_pop_filtered(p.bus(), kPatience, GST_MESSAGE_ELEMENT);
            if (message == nullptr)
                return 2;
            const GstStructure* structure = gst_message_get_structure(message);
            if (gst_structure_has_name(structure, "clockcalib-stats")) {
                const Figures figures(structure);
                for (const ElementFigures& element : figures.elements())
                    if (element.path.rfind("talking", 0) != 0)
                        return 3;
                const std::uint64_t buffers = figures.path("talking/src", "talking/sink").buffers;
                if (buffers < last)
                    return 4;
                last = buffers;
                ++told;
            }
            gst_message_unref(message);
        }
        p.stop();
        return last > 0 ? 0 : 5;
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
}

TEST(Reports, AreWrittenOnDemandAndSayWhyIfNot) {
    const std::string good = scratch("demand.html");
    const ChildResult child = run_in_child("clockcalib", [&] {
        if (play() != 0)
            return 1;
        GstObject* tracer = find_tracer();
        const auto write = [&](const char* path) {
            gboolean done = FALSE;
            g_signal_emit_by_name(tracer, "write-report", path, &done);
            return done != FALSE;
        };
        const bool as_it_must = !write(nullptr) && !write("") && !write("/no/such/folder/x.html") &&
                                !write("/") && write(good.c_str()) && write(good.c_str());
        gst_object_unref(tracer);
        return as_it_must ? 0 : 2;
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
    EXPECT_NE(child.errors.find("/no/such/folder/x."), std::string::npos) << child.errors;
    EXPECT_EQ(occurrences(child.errors, "needs the name of a file"), 2) << child.errors;
    EXPECT_NE(read_file(good).find("</html>"), std::string::npos);
    std::filesystem::remove(good);
    std::filesystem::remove(std::filesystem::path(good).replace_extension(".json"));
}

TEST(Probes, LeaveTheWorkToATracerThatIsThere) {
    const ChildResult child = run_in_child("clockcalib(records=false)", [] {
        gst_init(nullptr, nullptr);
        Pipeline p("both", "videotestsrc name=src num-buffers=100 ! "
                           "video/x-raw,width=32,height=32,framerate=100/1 ! "
                           "clockcalib-probe name=probe ! identity name=slow sleep-time=1000 ! "
                           "fakesink name=sink");
        if (p.run() != "eos")
            return 1;
        GstElement* probe = gst_bin_get_by_name(GST_BIN(p.get()), "probe");
        GstStructure* stats = nullptr;
        g_signal_emit_by_name(probe, "get-stats", &stats);
        gst_object_unref(probe);
        const Figures of_probe(stats);
        gst_structure_free(stats);
        const Figures of_tracer = take_figures();
        for (const Figures* figures : {&of_probe, &of_tracer}) {
            if (figures->path("both/src", "both/sink").buffers != 100)
                return 2;
            if (figures->element("both/slow").self.p50 < GST_MSECOND)
                return 3; // only the tracer can tell
        }
        return 0;
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
}

namespace {

std::string with_threshold(const std::string& parameter) {
    return "fakesrc num-buffers=1 ! clockcalib-probe name=probe " + parameter + " ! fakesink";
}

/// How often the probe warned, and of what.
int warnings_of_threshold(const std::string& line, const char* wanted) {
    Pipeline p("threshold", line);
    if (!p.reach(GST_STATE_READY))
        return -1;
    int warnings = 0;
    while (GstMessage* message = gst_bus_pop_filtered(p.bus(), GST_MESSAGE_WARNING)) {
        GError* warning = nullptr;
        gst_message_parse_warning(message, &warning, nullptr);
        warnings += std::strstr(warning->message, wanted) != nullptr ? 1 : 100;
        g_error_free(warning);
        gst_message_unref(message);
    }
    return warnings;
}

} // namespace

TEST(StallThresholds, OfALaterTracerOrProbeGetAWarningWithTheOneInForce) {
    const ChildResult child =
        run_in_child("clockcalib(stall-threshold=30);clockcalib(stall-threshold=7);clockcalib", [] {
            gst_init(nullptr, nullptr);
            const char* const wanted = "stall-threshold 20 ms is not used: this process already "
                                       "uses 30 ms";
            if (warnings_of_threshold(with_threshold("stall-threshold=20"), wanted) != 1)
                return 1;
            if (warnings_of_threshold(with_threshold("stall-threshold=30"), wanted) != 0)
                return 2;
            return warnings_of_threshold(with_threshold(""), wanted) == 0 ? 0 : 3;
        });
    EXPECT_EQ(child.exit_code, 0) << child.errors;
    EXPECT_EQ(occurrences(child.errors, "stall-threshold 7 ms is not used: this process already "
                                        "uses 30 ms"),
              1)
        << child.errors;
    EXPECT_EQ(occurrences(child.errors, "is not used"), 1) << child.errors;
}

TEST(Lines, NameAnElementHoweverManyComeAfterIt) {
    const ChildResult child = run_in_child("clockcalib", [] {
        setenv("GST_DEBUG", "GST_TRACER:7", 1);
        gst_init(nullptr, nullptr);
        Pipeline early("early", "fakesrc name=src num-buffers=1 ! fakesink name=sink");
        if (early.run() != "eos")
            return 1;
        std::string line = "fakesrc num-buffers=1";
        for (int i = 0; i < 18; ++i)
            line += " ! identity";
        for (int i = 0; i < 220; ++i)
            if (Pipeline late("late-" + std::to_string(i), line + " ! fakesink");
                late.run() != "eos")
                return 2;
        early.stop();
        return early.run() == "eos" ? 0 : 3;
    });
    EXPECT_EQ(child.exit_code, 0) << child.errors.substr(0, 2000);
    const std::string named = "source=(string)early/src, sink=(string)early/sink";
    EXPECT_EQ(occurrences(child.errors, named), 2);
}

TEST(Memory, StaysBoundedOverAThousandPipelines) {
    const ChildResult child = run_in_child("clockcalib(records=false)", [] {
        gst_init(nullptr, nullptr);
        const auto run = [](int first, int last) {
            for (int i = first; i < last; ++i) {
                Pipeline p("short-" + std::to_string(i),
                           "fakesrc num-buffers=3 ! queue ! identity ! fakesink");
                if (p.run() != "eos")
                    return false;
            }
            return true;
        };
        if (!run(0, 300))
            return 1;
        const long before = resident_kib();
        const std::size_t elements_before = take_figures().elements().size();
        if (!run(300, 1300))
            return 2;
        const long grown = resident_kib() - before;
        const std::size_t elements = take_figures().elements().size();
        std::fprintf(stderr, "1,000 pipelines: %ld KiB more; figures of %zu elements, then %zu\n",
                     grown, elements_before, elements);
        gst_deinit();
        return elements > 4000 ? 3 : grown > 20 * 1024 ? 4 : 0;
    });
    std::printf("%s", child.errors.c_str());
    EXPECT_TRUE(child.exit_code == 0 || (test::kAddressSanitized && child.exit_code == 4))
        << child.errors; // AddressSanitizer keeps what is freed
}
