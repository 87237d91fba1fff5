// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "call.h"
#include "video.h"
#include "vulkan/fault_layer.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tactus::soak {

/// SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): the same on every machine.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    unsigned below(unsigned count) { return static_cast<unsigned>(next() % count); }
    double between(double low, double high) {
        return low + (high - low) * static_cast<double>(next() >> 11) * 0x1p-53;
    }

  private:
    std::uint64_t state_;
};

/// What an application, a user and bad luck do to pipelines that play. When each kind is due and
/// what it does follow from the seed; whether it finds something to disturb depends on the moment.
///
/// Threads: one, but for `current`.
class Disturbances {
  public:
    struct Count {
        unsigned done = 0;
        unsigned in_vain = 0;
        double slowest_s = 0;
    };

    /// `faults`: null where no device can be lost on purpose. For the first `hurry_s` seconds all
    /// but that comes four times as often.
    Disturbances(const std::vector<std::unique_ptr<Call>>& calls, Video& video,
                 test::Faults* faults, std::uint64_t seed, double hurry_s);

    /// Does what is due; true if something was.
    bool run_due(double now_s);
    /// Ends what has not ended: nothing is paused or away any more.
    void end_all();
    const std::map<std::string, Count>& counts() const { return counts_; }
    /// What is being done now, or "".
    const char* current() const { return current_; }

  private:
    struct Kind {
        const char* name;
        double least_s;
        double most_s;
        std::function<bool(Dice&)> act;
        Dice dice;
        double due_s = 0;
        bool may_hurry = true;
    };

    /// What ends a disturbance.
    struct Ending {
        double due_s;
        const char* name;
        std::function<void()> act;
    };

    void add(const char* name, double least_s, double most_s, std::function<bool(Dice&)> act);
    void end_after(double seconds, const char* name, std::function<void()> act);
    bool run_endings();
    void add_of_calls();
    void add_states_of_calls();
    void add_of_video();
    void add_states_of_video();
    Call& any_call(Dice& dice);
    Call& any_plain_call(Dice& dice); ///< without an rtpbin

    const std::vector<std::unique_ptr<Call>>& calls_;
    Video& video_;
    test::Faults* faults_;
    Dice seeds_;
    double hurry_s_;
    std::vector<Kind> kinds_;
    std::vector<Ending> endings_;
    double now_s_ = 0;
    bool is_away_ = false; ///< a branch
    std::map<std::string, Count> counts_;
    std::atomic<const char*> current_{""};
};

} // namespace tactus::soak
