// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>

namespace tactus::bench {

namespace {

std::uint64_t read_clock(clockid_t id) {
    timespec t{};
    clock_gettime(id, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(t.tv_nsec);
}

// CPU time of everybody but us since the machine started.
double others_s() {
    std::ifstream stat("/proc/stat");
    std::string cpu;
    double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
    if (!(stat >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal))
        return 0;
    const double ticks = user + nice + system + irq + softirq + steal;
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK)) - static_cast<double>(cpu_ns()) * 1e-9;
}

} // namespace

std::uint64_t now_ns() {
    return read_clock(CLOCK_MONOTONIC);
}

std::uint64_t cpu_ns() {
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

Neighbours::Neighbours() : begin_ns_(now_ns()), others_begin_s_(others_s()) {}

double Neighbours::processors() const {
    const double elapsed_s = static_cast<double>(now_ns() - begin_ns_) * 1e-9;
    return std::max(0.0, (others_s() - others_begin_s_) / elapsed_s);
}

std::string cpu_model() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.rfind("model name", 0) == 0)
            return line.substr(line.find(':') + 2);
    }
    return "unknown";
}

std::string kernel() {
    utsname system{};
    uname(&system);
    return std::string(system.sysname) + " " + system.release;
}

std::string date() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text;
}

} // namespace tactus::bench
