// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "call.h"
#include "disturbances.h"
#include "ledger.h"
#include "memory_watch.h"
#include "network.h"
#include "options.h"
#include "stage.h"
#include "tracer_watch.h"
#include "video.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tactus::soak {

/// One call, at its end.
struct CallResult {
    std::string name;
    std::string network;
    Network::Counts sent;
    Call::Counts received;
};

/// What a run has shown.
struct Result {
    double seconds = 0;
    double warm_up_s = 0;
    std::vector<CallResult> calls;
    std::uint64_t frames = 0;
    std::size_t lives = 0; ///< elements that there were
    std::map<std::string, Disturbances::Count> disturbances;
    std::map<std::string, Ledger::Totals> totals;
    unsigned checks = 0;
    std::optional<Slope> heap;
    double most_mb_per_hour = 0; ///< that the heap may grow
    std::optional<Slope> private_memory;
    double heap_mb = 0; ///< at the end, before the shutdown
    double private_mb = 0;
    Stage::Shutdown shutdown;
    std::map<std::string, unsigned> warnings;
    std::map<std::string, unsigned> messages;
    std::string metrics_address;
    unsigned metrics_fetches = 0;
    std::size_t metrics_bytes = 0;
    unsigned traced_elements = 0;
    std::uint64_t records_lost = 0;
    std::vector<std::string> notes;    ///< what was left out, and why
    std::vector<std::string> failures; ///< none: passed
};

/// Threads: one.
class Soak {
  public:
    explicit Soak(const Options& options);
    Result run();

  private:
    static constexpr std::size_t kCalls = 8;

    void prepare();
    void play();
    void tick(double now_s);
    void print_line(double now_s);
    void finish();
    void end_calls();
    void take_figures();
    void let_go();
    void expect_none(const char* when, const std::function<std::vector<std::string>()>& alive);
    void judge();
    void judge_calls();
    void judge_memory();
    void fail(const std::string& text) { result_.failures.push_back(text); }

    Options options_;
    double warm_up_s_;
    Result result_;
    voice_call::Voice voice_;
    Stage stage_;
    Ledger ledger_;
    std::vector<std::unique_ptr<Call>> calls_;
    std::unique_ptr<Video> video_;
    std::unique_ptr<Network> network_;
    std::unique_ptr<Disturbances> disturbances_;
    TracerWatch tracer_;
    MemoryWatch memory_;
    bool video_ended_ = false;
    std::set<std::string> ended_calls_;
    double next_sample_s_ = 0;
    double next_fetch_s_ = 0;
    double next_line_s_ = 0;
};

} // namespace tactus::soak
