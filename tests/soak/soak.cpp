// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "soak.h"

#include "watchdog.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace tactus::soak {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTick = std::chrono::milliseconds(20);
constexpr double kFetchEvery_s = 10;
constexpr double kLineEvery_s = 5;
constexpr auto kPatience = std::chrono::seconds(60);
constexpr auto kDrainPatience = std::chrono::seconds(15);

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string clip() {
    const char* const path = std::getenv("TACTUS_CLIP");
    return path != nullptr && g_file_test(path, G_FILE_TEST_IS_REGULAR) != FALSE ? path : "";
}

} // namespace

Soak::Soak(const Options& options)
    : options_(options), warm_up_s_(std::min(600.0, options.minutes * 60 / 2)),
      memory_(static_cast<std::size_t>(options.minutes * 60) + 1) {}

Result Soak::run() {
    prepare();
    play();
    finish();
    judge();
    return std::move(result_);
}

void Soak::prepare() {
    const std::string no_compute = why_no_compute();
    if (!no_compute.empty())
        result_.notes.push_back("video without vkcompute: " + no_compute);
    if (clip().empty())
        result_.notes.push_back("a test picture instead of the clip: TACTUS_CLIP names none");
    test::Faults* const faults = no_compute.empty() ? test::find_faults() : nullptr;
    if (faults != nullptr)
        faults->loses_one_device = true;
    else
        result_.notes.push_back("no device is lost: TACTUS_FAULT_LAYER names no layer");

    for (unsigned i = 0; i < kCalls; ++i)
        calls_.push_back(std::make_unique<Call>(stage_, ledger_, i));
    video_ = std::make_unique<Video>(stage_, ledger_, clip(), no_compute.empty());
    network_ = std::make_unique<Network>(calls_, voice_, options_.seed);
    // A long run fills what is bounded soon, so that more of it can show that nothing grows. It
    // must not last: elements that are soon replaced leave smaller histograms behind in clockcalib.
    const double hurry_s = options_.minutes >= 10 ? warm_up_s_ / 4 : 0;
    disturbances_ = std::make_unique<Disturbances>(calls_, *video_, faults, options_.seed, hurry_s);
    stage_.on_eos([this](GstElement* pipeline) {
        if (pipeline == video_->pipeline())
            video_ended_ = true;
        else
            ended_calls_.insert(GST_OBJECT_NAME(pipeline));
    });
}

void Soak::play() {
    Watchdog watchdog(kPatience, [this] { return disturbances_->current(); });
    stage_.play();
    network_->start();
    const auto start = Clock::now();
    const double length_s = options_.minutes * 60;
    next_sample_s_ = warm_up_s_;
    double now_s = 0;
    while ((now_s = seconds_since(start)) < length_s && stage_.errors().empty()) {
        tick(now_s);
        watchdog.alive();
        stage_.run_until(Clock::now() + kTick);
    }
    print_line(now_s);
    result_.seconds = now_s;
    result_.warm_up_s = warm_up_s_;
    result_.heap_mb = MemoryWatch::heap_mb_now();
    result_.private_mb = MemoryWatch::private_mb_now();
}

void Soak::tick(double now_s) {
    disturbances_->run_due(now_s);
    if (std::exchange(video_ended_, false))
        video_->start_over();
    if (now_s >= next_sample_s_) {
        memory_.sample();
        next_sample_s_ += 1.0 / MemoryWatch::kSamplesPerSecond;
    }
    if (now_s >= next_fetch_s_) {
        if (next_fetch_s_ > 0)
            tracer_.fetch();
        next_fetch_s_ += kFetchEvery_s;
    }
    if (now_s >= next_line_s_) {
        print_line(now_s);
        next_line_s_ += kLineEvery_s;
    }
}

void Soak::print_line(double now_s) {
    Network::Counts sent;
    Call::Counts received;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        const Network::Counts one = network_->counts(i);
        sent.sent += one.sent;
        sent.lost += one.lost;
        received.delivered += calls_[i]->counts().delivered;
    }
    unsigned done = 0;
    for (const auto& [name, count] : disturbances_->counts())
        done += count.done;
    std::printf(
        "%6.0f s  calls: %8llu sent %6llu lost %8llu out   video: %u branches %7llu frames   "
        "%5u disturbances   heap %6.2f MB  private %6.1f MB\n",
        now_s, static_cast<unsigned long long>(sent.sent),
        static_cast<unsigned long long>(sent.lost),
        static_cast<unsigned long long>(received.delivered), video_->branches(),
        static_cast<unsigned long long>(video_->frames()), done, MemoryWatch::heap_mb_now(),
        MemoryWatch::private_mb_now());
    std::fflush(stdout);
}

void Soak::finish() {
    Watchdog watchdog(kPatience, [] { return "the end"; });
    disturbances_->end_all();
    network_->stop();
    end_calls();
    expect_none("after it was replaced", [this] { return stage_.lives().alive_outside(); });
    watchdog.alive();
    result_.shutdown = stage_.stop();
    watchdog.alive();
    take_figures();
    let_go();
}

// Half of the calls come to their end; the others are cut off. Counts must hold either way.
void Soak::end_calls() {
    const std::size_t ending = calls_.size() / 2;
    ended_calls_.clear();
    for (std::size_t i = 0; i < ending; ++i)
        calls_[i]->end();
    const auto deadline = Clock::now() + kDrainPatience;
    while (ended_calls_.size() < ending && Clock::now() < deadline)
        stage_.run_until(Clock::now() + kTick);
    for (std::size_t i = 0; i < ending; ++i) {
        if (ended_calls_.count(calls_[i]->name()) == 0)
            fail(std::string(calls_[i]->name()) + " did not come to its end within " +
                 std::to_string(kDrainPatience.count()) + " s");
    }
}

void Soak::take_figures() {
    for (std::size_t i = 0; i < calls_.size(); ++i)
        result_.calls.push_back(
            {calls_[i]->name(), network_->trace_name(i), network_->counts(i), calls_[i]->counts()});
    ledger_.close_all();
    result_.disturbances = disturbances_->counts();
    std::uint64_t done = 0;
    for (const auto& [name, count] : result_.disturbances)
        done += count.done;
    tracer_.fetch();
    tracer_.compare(ledger_, done);
    result_.frames = video_->frames();
}

void Soak::let_go() {
    disturbances_.reset();
    network_.reset();
    calls_.clear();
    video_.reset();
    stage_.clear();
    expect_none("after the end", [this] { return stage_.lives().alive(); });
    result_.lives = stage_.lives().seen();
}

// A thread that is about to let go of one may need a moment.
void Soak::expect_none(const char* when, const std::function<std::vector<std::string>()>& alive) {
    constexpr std::size_t kNamed = 10;
    const auto deadline = Clock::now() + kDrainPatience;
    std::vector<std::string> left = alive();
    while (!left.empty() && Clock::now() < deadline) {
        stage_.run_until(Clock::now() + kTick);
        left = alive();
    }
    for (std::size_t i = 0; i < std::min(left.size(), kNamed); ++i)
        fail("still there " + std::string(when) + ": " + left[i]);
    if (left.size() > kNamed)
        fail("and " + std::to_string(left.size() - kNamed) + " more elements");
}

} // namespace tactus::soak
