// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "disturbances.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace tactus::soak {

std::uint64_t Dice::next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

Disturbances::Disturbances(const std::vector<std::unique_ptr<Call>>& calls, Video& video,
                           test::Faults* faults, std::uint64_t seed, double hurry_s)
    : calls_(calls), video_(video), faults_(faults), seeds_(seed), hurry_s_(hurry_s) {
    add_of_calls();
    add_states_of_calls();
    add_of_video();
    add_states_of_video();
}

void Disturbances::add(const char* name, double least_s, double most_s,
                       std::function<bool(Dice&)> act) {
    Dice dice(seeds_.next());
    const double due_s = dice.between(least_s, most_s);
    kinds_.push_back({name, least_s, most_s, std::move(act), dice, due_s});
    counts_[name] = {};
}

void Disturbances::end_after(double seconds, const char* name, std::function<void()> act) {
    endings_.push_back({now_s_ + seconds, name, std::move(act)});
}

Call& Disturbances::any_call(Dice& dice) {
    return *calls_[dice.below(static_cast<unsigned>(calls_.size()))];
}

Call& Disturbances::any_plain_call(Dice& dice) {
    return *calls_[dice.below(static_cast<unsigned>(calls_.size())) & ~1U];
}

void Disturbances::add_of_calls() {
    add("call: flush", 1, 4, [this](Dice& dice) {
        any_call(dice).flush();
        return true;
    });
    add("call: ringqueue replaced", 2, 5,
        [this](Dice& dice) { return any_call(dice).replace_queue(); });
    add("call: jitterbuffer replaced", 4, 10,
        [this](Dice& dice) { return any_plain_call(dice).replace_buffer(); });
    add("call: new response", 1, 3, [this](Dice& dice) {
        bool done = false;
        const unsigned taps = 1U << (6 + dice.below(7));
        for (const auto& call : calls_)
            done |= call->change_response(taps, dice.between(0.1, 1));
        return done;
    });
    add("call: target-quantile", 2, 6, [this](Dice& dice) {
        any_call(dice).set_target_quantile(dice.between(0.9, 0.99));
        return true;
    });
}

void Disturbances::add_states_of_calls() {
    add("call: paused", 4, 8, [this](Dice& dice) {
        Call& call = any_call(dice);
        call.pause();
        end_after(dice.between(0.05, 0.5), "call: goes on", [&call] { call.play(); });
        return true;
    });
    add("call: through READY", 6, 12,
        [this](Dice& dice) { return any_plain_call(dice).start_over(); });
}

void Disturbances::add_states_of_video() {
    add("video: paused", 6, 12, [this](Dice& dice) {
        video_.pause();
        end_after(dice.between(0.05, 0.5), "video: goes on", [this] { video_.play(); });
        return true;
    });
    add("video: through READY", 15, 25, [this](Dice&) {
        video_.restart();
        return true;
    });
}

void Disturbances::add_of_video() {
    add("video: seek", 1, 4, [this](Dice& dice) {
        const double rate = dice.below(3) == 0 ? 1.5 : 1;
        return video_.seek(dice.between(0, 0.95), rate, dice.below(2) == 1);
    });
    // For half a second, so that most of the time memory is that of all four.
    add("video: branch away and back", 2, 4, [this](Dice& dice) {
        if (is_away_)
            return false;
        is_away_ = true;
        const unsigned number = dice.below(Video::kBranches);
        video_.remove_branch(number);
        end_after(0.5, "video: branch back", [this, number] {
            video_.add_branch(number);
            is_away_ = false;
        });
        return true;
    });
    add("video: vkcompute replaced", 3, 6,
        [this](Dice& dice) { return video_.replace_compute(dice.below(Video::kBranches)); });
    add("video: ringtee mode", 3, 8, [this](Dice& dice) {
        video_.set_lossy(dice.below(2) == 1);
        return true;
    });
    if (faults_ == nullptr)
        return;
    // vkcompute gives a device up that is lost more than five times within a minute.
    add("video: device lost", 15, 25, [this](Dice& dice) {
        faults_->submit_lost_at = faults_->submits + 1 + dice.below(4);
        return true;
    });
    kinds_.back().may_hurry = false;
}

bool Disturbances::run_endings() {
    const auto waits = [this](const Ending& ending) { return ending.due_s > now_s_; };
    const auto due = std::stable_partition(endings_.begin(), endings_.end(), waits);
    const std::vector<Ending> now(due, endings_.end());
    endings_.erase(due, endings_.end());
    for (const Ending& ending : now) {
        current_ = ending.name;
        ending.act();
        current_ = "";
    }
    return !now.empty();
}

void Disturbances::end_all() {
    now_s_ = HUGE_VAL;
    run_endings();
}

bool Disturbances::run_due(double now_s) {
    now_s_ = now_s;
    bool acted = run_endings();
    for (Kind& kind : kinds_) {
        if (now_s < kind.due_s)
            continue;
        current_ = kind.name;
        Count& count = counts_[kind.name];
        const auto start = std::chrono::steady_clock::now();
        ++(kind.act(kind.dice) ? count.done : count.in_vain);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        count.slowest_s = std::max(count.slowest_s, took.count());
        constexpr double kHurry = 4;
        const double wait_s = kind.dice.between(kind.least_s, kind.most_s);
        kind.due_s += kind.may_hurry && now_s < hurry_s_ ? wait_s / kHurry : wait_s;
        current_ = "";
        acted = true;
    }
    return acted;
}

} // namespace tactus::soak
