// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What following every buffer costs, per push of a pad. Tracers are chosen when GStreamer starts,
// so each measurement is a process of its own: this program again, with `--child`. The cost of a
// push is the difference between pipelines with 40 and with 10 identity elements.
#include "machine.h"

#include <gst/gst.h>
#include <gst/gsttracer.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

constexpr unsigned kShort = 10;
constexpr unsigned kLong = 40;

constexpr const char* kUsage = R"(usage: clockcalib-bench [--quick] [--rounds N] [--json FILE]

What tracing costs per pad push: peers and ours in turns, medians over the rounds.

  --rounds N   rounds that are counted (default: 9)
  --quick      one round, few buffers: to see that it works
  --json FILE  the table as JSON
)";

struct Variant {
    const char* name;
    const char* tracers; ///< GST_TRACERS
    const char* mode;    ///< what the child adds to the pipeline: "", "probes" or "element"
};

constexpr std::array kVariants{
    Variant{"nothing", "", ""},
    Variant{"empty hooks", "emptyhooks", ""},
    Variant{"clockcalib, trace to file", "clockcalib(trace=%t.pftrace,records=false)", ""},
    Variant{"latency(pipeline+element) to file", "latency(flags=pipeline+element)", ""},
    Variant{"empty pad probes", "", "probes"},
    Variant{"clockcalib-probe", "", "element"},
};

struct Figure {
    const char* name;
    std::size_t ours;
    std::size_t base;
    std::optional<double> goal_ns;
};

constexpr std::array kFigures{
    Figure{"clockcalib, trace to file, above empty hooks", 2, 1, 60.0},
    Figure{"core latency tracer to file, above empty hooks", 3, 1, std::nullopt},
    Figure{"clockcalib-probe, above no tracer", 5, 0, 100.0},
    Figure{"empty pad probes, above no tracer", 4, 0, std::nullopt},
    Figure{"empty hooks, above no tracer", 1, 0, std::nullopt},
};

struct Options {
    unsigned rounds = 9;
    unsigned buffers = 40000;
    std::string json_path;
};

double now_s() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

GstPadProbeReturn on_nothing(GstPad*, GstPadProbeInfo*, gpointer) {
    return GST_PAD_PROBE_OK;
}

void add_empty_probes(GstElement* pipeline) {
    GstIterator* all = gst_bin_iterate_elements(GST_BIN(pipeline));
    const auto add = +[](const GValue* value, gpointer) {
        GstPad* pad =
            gst_element_get_static_pad(static_cast<GstElement*>(g_value_get_object(value)), "src");
        if (pad == nullptr)
            return;
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_nothing, nullptr, nullptr);
        gst_object_unref(pad);
    };
    gst_iterator_foreach(all, add, nullptr);
    gst_iterator_free(all);
}

double run_pipeline(unsigned identities, unsigned buffers, const std::string& mode) {
    std::string line =
        "fakesrc num-buffers=" + std::to_string(buffers) + " sizetype=fixed sizemax=64";
    for (unsigned i = 0; i < identities; ++i)
        line += " ! identity silent=true signal-handoffs=false";
    line += " ! fakesink sync=false silent=true";
    GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
    if (pipeline == nullptr)
        std::exit(1);
    if (mode == "probes")
        add_empty_probes(pipeline);
    GstElement* probe = nullptr;
    if (mode == "element") {
        gboolean attached = FALSE;
        probe = gst_element_factory_make("clockcalib-probe", nullptr);
        g_signal_emit_by_name(probe, "attach", pipeline, &attached);
        if (!attached)
            std::exit(1);
    }
    gst_element_set_state(pipeline, GST_STATE_PAUSED);
    gst_element_get_state(pipeline, nullptr, nullptr, GST_CLOCK_TIME_NONE);
    GstBus* bus = gst_element_get_bus(pipeline);
    const double begin_s = now_s();
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    gst_message_unref(gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS));
    const double took_s = now_s() - begin_s;
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    if (probe != nullptr)
        gst_object_unref(gst_object_ref_sink(probe));
    gst_object_unref(pipeline);
    return took_s;
}

/// In the child: ns per push, and the records that were lost.
int measure(const std::string& mode, unsigned buffers) {
    gst_init(nullptr, nullptr);
    run_pipeline(kShort, buffers / 10, mode);
    const double short_s = run_pipeline(kShort, buffers, mode);
    const double long_s = run_pipeline(kLong, buffers, mode);
    guint64 lost = 0;
    GList* tracers = gst_tracing_get_active_tracers();
    for (GList* item = tracers; item != nullptr; item = item->next)
        if (std::strcmp(G_OBJECT_TYPE_NAME(item->data), "GstClockcalib") == 0) {
            GstStructure* stats = nullptr;
            g_signal_emit_by_name(item->data, "get-stats", &stats);
            gst_structure_get_uint64(stats, "records-lost", &lost);
            gst_structure_free(stats);
        }
    g_list_free_full(tracers, gst_object_unref);
    std::printf("%.2f %llu\n", (long_s - short_s) * 1e9 / (kLong - kShort) / buffers,
                static_cast<unsigned long long>(lost));
    std::fflush(stdout);
    gst_deinit();
    return 0;
}

struct Measured {
    double ns = 0;
    unsigned long long lost = 0;
};

std::string tracers_of(const Variant& variant, const std::string& scratch) {
    std::string text = variant.tracers;
    if (const auto mark = text.find("%t"); mark != std::string::npos)
        text.replace(mark, 2, scratch);
    return text;
}

Measured run_child(const std::string& self, const Variant& variant, const Options& options,
                   const std::string& scratch) {
    setenv("GST_TRACERS", tracers_of(variant, scratch).c_str(), 1);
    // Only the core tracer writes lines, and its users have to.
    const bool logs = std::strncmp(variant.tracers, "latency", 7) == 0;
    setenv("GST_DEBUG", logs ? "GST_TRACER:7" : "0", 1);
    setenv("GST_DEBUG_FILE", (scratch + ".log").c_str(), 1);
    const std::string command =
        "'" + self + "' --child '" + variant.mode + "' " + std::to_string(options.buffers);
    Measured measured;
    std::FILE* child = popen(command.c_str(), "re");
    if (child == nullptr || std::fscanf(child, "%lf %llu", &measured.ns, &measured.lost) != 2 ||
        pclose(child) != 0) {
        std::fprintf(stderr, "clockcalib-bench: the run with %s failed\n", variant.name);
        std::exit(1);
    }
    std::remove((scratch + ".log").c_str());
    std::remove((scratch + ".pftrace").c_str());
    return measured;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--quick") {
            options.rounds = 1;
            options.buffers = 2000;
        } else if (word == "--rounds" && i + 1 < argc) {
            options.rounds = static_cast<unsigned>(std::max(1, std::atoi(argv[++i])));
        } else if (word == "--json" && i + 1 < argc) {
            options.json_path = argv[++i];
        } else {
            return false;
        }
    }
    return true;
}

using Table = std::array<std::vector<double>, kVariants.size()>;

std::vector<double> above(const Table& table, const Figure& figure) {
    std::vector<double> rounds;
    for (std::size_t i = 0; i < table[figure.ours].size(); ++i)
        rounds.push_back(table[figure.ours][i] - table[figure.base][i]);
    return rounds;
}

nlohmann::ordered_json report(const Table& table, unsigned long long lost) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    std::printf("\n%-50s %10s %10s %8s  %s\n", "figure, ns per pad push", "median", "least", "goal",
                "met");
    for (const Figure& figure : kFigures) {
        const std::vector<double> rounds = above(table, figure);
        const double least = *std::min_element(rounds.begin(), rounds.end());
        const double middle = median(rounds);
        std::printf("%-50s %10.0f %10.0f ", figure.name, middle, least);
        if (figure.goal_ns)
            std::printf("%8.0f  %s\n", *figure.goal_ns, middle <= *figure.goal_ns ? "yes" : "no");
        else
            std::printf("%8s\n", "");
        rows.push_back({{"figure", figure.name}, {"median_ns", middle}, {"least_ns", least}});
    }
    std::printf("%-50s %10llu\n", "records lost by clockcalib, all rounds", lost);
    return rows;
}

int run_all(const std::string& self, const Options& options) {
    const std::string scratch =
        std::string(g_get_tmp_dir()) + "/clockcalib-bench-" + std::to_string(getpid());
    Table table;
    unsigned long long lost = 0;
    for (unsigned round = 0; round < options.rounds; ++round) {
        for (std::size_t i = 0; i < kVariants.size(); ++i) {
            const Measured measured = run_child(self, kVariants[i], options, scratch);
            table[i].push_back(measured.ns);
            lost += measured.lost;
            std::printf("%s%s %.0f", i == 0 ? "" : ", ", kVariants[i].name, measured.ns);
            std::fflush(stdout);
        }
        std::printf("\n");
    }
    const auto rows = report(table, lost);
    if (!options.json_path.empty()) {
        const nlohmann::ordered_json all = {{"cpu", tactus::bench::cpu_model()},
                                            {"kernel", tactus::bench::kernel()},
                                            {"date", tactus::bench::date()},
                                            {"rounds", options.rounds},
                                            {"buffers", options.buffers},
                                            {"records_lost", lost},
                                            {"figures", rows}};
        std::ofstream(options.json_path) << all.dump(2) << '\n';
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 4 && std::strcmp(argv[1], "--child") == 0)
        return measure(argv[2], static_cast<unsigned>(std::atoi(argv[3])));
    Options options;
    if (!parse(argc, argv, options)) {
        std::fputs(kUsage, stderr);
        return 2;
    }
    std::array<char, 4096> self{};
    if (readlink("/proc/self/exe", self.data(), self.size() - 1) < 0) {
        std::perror("clockcalib-bench: /proc/self/exe");
        return 1;
    }
    return run_all(self.data(), options);
}
