// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "scenarios.h"

#include "allocations.h"
#include "harness.h"

#include <cstdio>
#include <ctime>

namespace tactus::bench {

namespace {

using Goal = Figure::Goal;

constexpr std::uint64_t kFillBuffers = 200;
constexpr std::uint64_t kPeriodNs = 1'000'000;
constexpr std::uint64_t kWarmUpBuffers = 10'000;
constexpr std::uint64_t kCountedBuffers = 100'000;
constexpr std::uint64_t kSlowSinkNs = 2'000;
constexpr unsigned kBranches = 4;

double per(std::uint64_t total, std::uint64_t count) {
    return static_cast<double>(total) / static_cast<double>(count);
}

void show_stats(const Options& options, const Rig& rig) {
    if (options.verbose && !rig.stats().empty())
        std::fprintf(stderr, "  %s\n", rig.stats().c_str());
}

// --- one measurement each, of whatever stands in the rig

std::vector<double> hand_over_ns(const Options& options, const Setup& setup) {
    const std::uint64_t buffers = options.quick ? 50'000 : 500'000;
    Rig rig(setup);
    rig.push(kWarmUpBuffers);
    const std::uint64_t begin = now_ns();
    rig.push(buffers);
    rig.finish();
    const std::uint64_t end = now_ns();
    show_stats(options, rig);
    return {per(end - begin, buffers)};
}

// The task is held in the sink while we fill, and we sleep while it drains.
std::vector<double> fill_and_drain_ns(const Options& options, const Setup& setup) {
    const std::uint64_t repeats = options.quick ? 100 : 1000;
    Rig rig(setup);
    std::uint64_t fill = 0;
    std::uint64_t drain = 0;
    for (std::uint64_t i = 0; i < repeats; ++i) {
        rig.sink().hold();
        rig.push(1);
        rig.sink().wait_until_held();
        const std::uint64_t begin = now_ns();
        rig.push(kFillBuffers);
        fill += now_ns() - begin;
        drain += rig.sink().release(kFillBuffers);
    }
    rig.finish();
    return {per(fill, repeats * kFillBuffers), per(drain, repeats * kFillBuffers)};
}

void sleep_until(std::uint64_t ns) {
    timespec t{};
    t.tv_sec = static_cast<std::time_t>(ns / 1'000'000'000U);
    t.tv_nsec = static_cast<long>(ns % 1'000'000'000U);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr) != 0) {
    }
}

std::vector<double> paced_cpu_ns(const Options& options, const Setup& setup) {
    const std::uint64_t buffers = options.quick ? 200 : 500;
    Rig rig(setup);
    rig.push(1);
    std::uint64_t due = now_ns() + kPeriodNs;
    sleep_until(due);
    const std::uint64_t begin = cpu_ns();
    for (std::uint64_t i = 0; i < buffers; ++i) {
        rig.push(1);
        due += kPeriodNs;
        sleep_until(due);
    }
    const std::uint64_t end = cpu_ns();
    rig.finish();
    return {per(end - begin, buffers)};
}

std::vector<double> fan_out_per_s(const Options& options, const Setup& setup) {
    const std::uint64_t buffers = options.quick ? 20'000 : 100'000;
    Rig rig(setup);
    rig.push(kWarmUpBuffers / 10);
    const std::uint64_t begin = now_ns();
    rig.push(buffers);
    rig.finish();
    const std::uint64_t end = now_ns();
    show_stats(options, rig);
    return {1e9 / per(end - begin, buffers)};
}

enum class Sink { free, held, slow };

std::vector<double> allocations_per_buffer(const Setup& setup, Sink kind) {
    Rig rig(setup);
    if (kind == Sink::slow)
        rig.sink().set_work_ns(kSlowSinkNs);
    if (kind == Sink::held) {
        rig.sink().hold();
        rig.push(1);
        rig.sink().wait_until_held();
    }
    rig.push(kWarmUpBuffers);
    const std::uint64_t before = allocations();
    rig.push(kCountedBuffers);
    const std::uint64_t after = allocations();
    if (kind == Sink::held)
        rig.sink().release(0);
    rig.finish();
    return {per(after - before, kCountedBuffers)};
}

// --- what is compared with what

Scenario hand_over(const Options& options, bool silent) {
    const Setup peer{.factory = "queue", .silent = silent};
    const Setup ours{.factory = "ringqueue", .silent = silent};
    Scenario s;
    if (silent)
        s.figures = {{"hand-over, contended, silent", "ns/buffer"}};
    else
        s.figures = {{"hand-over, contended", "ns/buffer", Goal::speedup, 3.5}};
    s.peer = [=] { return hand_over_ns(options, peer); };
    s.ours = [=] { return hand_over_ns(options, ours); };
    return s;
}

Scenario fill_and_drain(const Options& options) {
    Scenario s;
    s.figures = {{"fill alone", "ns/buffer", Goal::speedup, 1.0},
                 {"drain alone", "ns/buffer", Goal::speedup, 1.0}};
    s.peer = [=] { return fill_and_drain_ns(options, {.factory = "queue"}); };
    s.ours = [=] { return fill_and_drain_ns(options, {.factory = "ringqueue"}); };
    return s;
}

Scenario paced_cpu(const Options& options) {
    Scenario s;
    s.figures = {{"CPU at 1 kHz", "ns/buffer", Goal::share, 0.95}};
    s.peer = [=] { return paced_cpu_ns(options, {.factory = "queue"}); };
    s.ours = [=] { return paced_cpu_ns(options, {.factory = "ringqueue"}); };
    return s;
}

Setup four_queues() {
    return {.factory = "tee", .branches = kBranches, .queue_per_branch = true};
}

Setup four_pads() {
    return {.factory = "ringtee", .branches = kBranches};
}

Scenario fan_out(const Options& options) {
    Scenario s;
    s.figures = {{"ringtee, 4 pads", "buffers/s", Goal::speedup, 6.0, true}};
    s.peer = [=] { return fan_out_per_s(options, four_queues()); };
    s.ours = [=] { return fan_out_per_s(options, four_pads()); };
    return s;
}

Scenario heap(const char* name, const Setup& peer, const Setup& ours, Sink kind) {
    Scenario s;
    s.once = true;
    s.figures = {{std::string("heap, ") + name, "calls/buffer", Goal::absolute, 0.0}};
    s.figures[0].is_exact = true;
    s.peer = [=] { return allocations_per_buffer(peer, kind); };
    s.ours = [=] { return allocations_per_buffer(ours, kind); };
    return s;
}

void add_heap(std::vector<Scenario>& scenarios) {
    if (!can_count_allocations())
        return;
    const Setup leaky_peer{.factory = "queue", .leaky = "downstream"};
    const Setup leaky_ours{.factory = "ringqueue", .leaky = "downstream"};
    scenarios.push_back(
        heap("not leaky", {.factory = "queue"}, {.factory = "ringqueue"}, Sink::free));
    scenarios.push_back(heap("leaky, all dropped", leaky_peer, leaky_ours, Sink::held));
    scenarios.push_back(heap("ringtee, 4 pads", four_queues(), four_pads(), Sink::free));
    // Every end of a burst costs a message and a copy of the buffer that gets the DISCONT flag
    // (we hold another reference to it), so this is per burst rather than per buffer.
    scenarios.push_back(heap("leaky, slow sink", leaky_peer, leaky_ours, Sink::slow));
    scenarios.back().figures[0].goal = Goal::none;
}

} // namespace

std::vector<Scenario> make_scenarios(const Options& options) {
    std::vector<Scenario> scenarios;
    scenarios.push_back(hand_over(options, false));
    scenarios.push_back(hand_over(options, true));
    scenarios.push_back(fill_and_drain(options));
    scenarios.push_back(paced_cpu(options));
    scenarios.push_back(fan_out(options));
    add_heap(scenarios);
    return scenarios;
}

} // namespace tactus::bench
