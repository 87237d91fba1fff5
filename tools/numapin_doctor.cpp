// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Prints what numapin's stats tell, for all threads of a running process, and what one would set.
#include "core/topology/process_look.h"
#include "core/topology/topology_loader.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

using namespace tactus;

namespace {

constexpr int kExitFailed = 1;
constexpr int kExitWrongInput = 2;

constexpr const char* kUsage =
    "usage: numapin-doctor [--interval SECONDS] PID\n"
    "\n"
    "Looks at the threads of a process twice, and prints where each may run and ran, how it is\n"
    "scheduled, what it waited for, what hurts, and which numapin would help. Root sees more of\n"
    "other users' processes.\n"
    "\n"
    "  --interval SECONDS   between the two looks (default: 1, at most 3600)\n"
    "  --help               this text\n"
    "\n"
    "The status is 0, 1 if there is no such process, or 2 for wrong input.\n";

struct UserError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Options {
    double seconds = 1;
    pid_t process = 0;
    bool help = false;
};

double interval(const std::string& text) {
    char* end = nullptr;
    const double seconds = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !(seconds > 0 && seconds <= 3600))
        throw UserError("--interval takes seconds from more than 0 to 3600, not '" + text + "'");
    return seconds;
}

pid_t process_id(std::string_view text) {
    pid_t process = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), process);
    if (error != std::errc() || end != text.data() + text.size() || process <= 0)
        throw UserError("a process is named by its number, not '" + std::string(text) +
                        "'; pidof NAME tells it");
    return process;
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--help" || word == "-h") {
            options.help = true;
        } else if (word == "--interval") {
            if (i + 1 == argc)
                throw UserError("--interval needs a value (try --help)");
            options.seconds = interval(argv[++i]);
        } else if (word.starts_with('-')) {
            throw UserError("unknown option " + word + " (try --help)");
        } else if (options.process != 0) {
            throw UserError("one process at a time: '" + word + "' is too much");
        } else {
            options.process = process_id(word);
        }
    }
    if (options.process == 0 && !options.help)
        throw UserError("which process? Give its number (try --help)");
    return options;
}

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                      std::chrono::nanoseconds(1));
}

std::string number(const std::optional<std::uint64_t>& value, std::uint64_t unit = 1) {
    return value ? std::to_string(*value / unit) : "-";
}

void print_process(const ProcessLook& look, const Topology& topology) {
    std::printf("topology  %s: CPUs %s, nodes %s\n", topology.source_name(),
                topology.cpus().text().c_str(), topology.nodes().text().c_str());
    if (look.limits.quota_cpus)
        std::printf("quota     %.3g CPUs (%s)\n", *look.limits.quota_cpus,
                    look.limits.quota_folder.c_str());
    else
        std::printf("quota     none\n");
    std::printf("cpuset    %s\nisolated  %s, without a tick %s\n",
                look.limits.cpuset ? look.limits.cpuset->text().c_str() : "none",
                look.limits.isolated.text().c_str(), look.limits.nohz_full.text().c_str());
    std::printf("memory   ");
    if (look.node_bytes.empty())
        std::printf(" not shown (another user's process, or a kernel without NUMA)");
    for (const auto& [node, bytes] : look.node_bytes)
        std::printf(" node %u: %.1f MiB", node, static_cast<double>(bytes) / (1 << 20));
    std::printf("\n\n");
}

void print_thread(const ThreadLook& thread, const ThreadAdvice& advice) {
    std::printf("%-7d %-16s %-12s %-10s %4u %5.0f%% %8s %8s %8s %6s %8llu %5llu\n", thread.tid,
                thread.readings.name.c_str(), scheduling_text(thread.scheduling).c_str(),
                thread.cpus.text().c_str(), thread.readings.cpu, advice.busy * 100,
                number(advice.counted.wait_ns, 1000).c_str(),
                number(advice.counted.voluntary_switches).c_str(),
                number(advice.counted.involuntary_switches).c_str(),
                number(advice.counted.migrations).c_str(),
                static_cast<unsigned long long>(advice.counted.minor_faults),
                static_cast<unsigned long long>(advice.counted.major_faults));
    for (const std::string& line : advice.lines)
        std::printf("        hurts: %s\n", line.c_str());
    if (!advice.set.empty())
        std::printf("        would set: %s, behind the element of this name\n", advice.set.c_str());
}

int look(const Options& options) {
    const LoadedTopology machine = load_machine();
    if (!machine.topology) {
        std::fprintf(stderr, "numapin-doctor: %s\n", machine.error.c_str());
        return kExitFailed;
    }
    LinuxThreadSystem system;
    const ProcessLook first = look_at_process("/", options.process, system, now_ns());
    std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
    const ProcessLook second = look_at_process("/", options.process, system, now_ns());
    if (first.threads.empty() || second.threads.empty()) {
        std::fprintf(stderr, "numapin-doctor: there is no process %d%s\n", options.process,
                     first.threads.empty() ? "" : " any more");
        return kExitFailed;
    }
    print_process(second, *machine.topology);
    std::printf("%-7s %-16s %-12s %-10s %4s %6s %8s %8s %8s %6s %8s %5s\n", "TID", "NAME",
                "SCHEDULING", "CPUS", "CPU", "BUSY", "WAIT us", "SWITCHES", "PUT OFF", "MOVES",
                "FAULTS", "MAJOR");
    const std::vector<ThreadAdvice> advice = advise(*machine.topology, first, second);
    for (std::size_t i = 0; i < advice.size(); ++i)
        print_thread(second.threads[i], advice[i]);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    try {
        const Options options = parse(argc, argv);
        if (!options.help)
            return look(options);
        std::fputs(kUsage, stdout);
        return 0;
    } catch (const UserError& error) {
        std::fprintf(stderr, "numapin-doctor: %s\n", error.what());
        return kExitWrongInput;
    }
}
