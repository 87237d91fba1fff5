// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An element beside its peer: speed, CPU time and allocations, as ratios from interleaved rounds.
// The scenarios make the program: those of ringqueue and ringtee, or of jitterbuffer. See
// docs/benchmarks.md.
#include "report.h"
#include "scenarios.h"

#include <gst/gst.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

namespace {

using tactus::bench::Options;
using tactus::bench::Result;
using tactus::bench::Scenario;

constexpr unsigned kQuickRounds = 3;
constexpr unsigned kMostTimesRounds = 3;
constexpr const char* kUsage =
    "usage: %s [--rounds N] [--quick] [--enforce] [--only TEXT] [--json FILE] "
    "[--verbose]\n"
    "  --rounds N    interleaved rounds per figure (default 9); those during which other programs\n"
    "                use the machine are made again, up to 3 N in all; \"quiet\" says how many\n"
    "                of how many were undisturbed\n"
    "  --quick       3 short rounds: does everything run? Says little about speed\n"
    "  --enforce     exit status 1 if a goal is missed (allocations always count)\n"
    "  --only TEXT   only figures whose name contains TEXT\n"
    "  --json FILE   write the table there as well\n"
    "  --verbose     print the element's stats after each round\n";

bool parse(int argc, char** argv, Options& options) {
    bool rounds_given = false;
    for (int i = 1; i < argc; ++i) {
        const std::string arg = argv[i];
        const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
        if (arg == "--quick") {
            options.quick = true;
        } else if (arg == "--enforce") {
            options.enforce = true;
        } else if (arg == "--verbose") {
            options.verbose = true;
        } else if (arg == "--rounds" && value != nullptr && std::atoi(value) > 0) {
            options.rounds = static_cast<unsigned>(std::atoi(value));
            rounds_given = true;
            ++i;
        } else if (arg == "--only" && value != nullptr) {
            options.only = value;
            ++i;
        } else if (arg == "--json" && value != nullptr) {
            options.json_path = value;
            ++i;
        } else {
            return false;
        }
    }
    if (options.quick && !rounds_given)
        options.rounds = kQuickRounds;
    return true;
}

bool is_wanted(const Scenario& scenario, const Options& options) {
    for (const auto& figure : scenario.figures) {
        if (figure.name.find(options.only) != std::string::npos)
            return true;
    }
    return false;
}

int run_all(const Options& options, const std::string& command) {
    std::vector<Result> results;
    bool failed = false;
    const unsigned most_rounds = options.quick ? options.rounds : kMostTimesRounds * options.rounds;
    tactus::bench::print_header();
    for (const Scenario& scenario : make_scenarios(options)) {
        if (!is_wanted(scenario, options))
            continue;
        for (const Result& result : run(scenario, options.rounds, most_rounds)) {
            tactus::bench::print_row(result);
            failed |= result.met == false && (options.enforce || result.figure.is_exact);
            results.push_back(result);
        }
    }
    if (!options.json_path.empty())
        tactus::bench::write_json(options.json_path, results, command);
    return failed ? 1 : 0;
}

// GLib before 2.76 has an allocator of its own, whose use we could not count; it is chosen before
// main begins.
void restart_without_slices(char** argv) {
    if (std::getenv("G_SLICE") != nullptr)
        return;
    setenv("G_SLICE", "always-malloc", 1);
    execv("/proc/self/exe", argv);
    std::perror("cannot restart with G_SLICE set, going on");
}

} // namespace

int main(int argc, char** argv) {
    restart_without_slices(argv);
    Options options;
    if (!parse(argc, argv, options)) {
        std::fprintf(stderr, kUsage, program_invocation_short_name);
        return 2;
    }
    std::string command = program_invocation_short_name;
    for (int i = 1; i < argc; ++i)
        command += std::string(" ") + argv[i];
    try {
        gst_init(nullptr, nullptr);
        return run_all(options, command);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, error.what());
        return 1;
    }
}
