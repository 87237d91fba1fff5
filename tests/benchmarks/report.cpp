// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "report.h"

#include "machine.h"

#include <gst/gst.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace tactus::bench {

namespace {

using Goal = Figure::Goal;

// A round counts as quiet if all other programs together had less than this many processors.
constexpr double kQuietProcessors = 0.15;
constexpr unsigned kFewestQuietRounds = 5;

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t n = values.size();
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double ratio_of(const Figure& figure, double peer, double ours) {
    if (figure.goal == Goal::absolute || peer == 0 || ours == 0)
        return NAN;
    const bool ours_on_top = figure.is_rate || figure.goal == Goal::share;
    return ours_on_top ? ours / peer : peer / ours;
}

std::optional<bool> is_met(const Result& r) {
    switch (r.figure.goal) {
    case Goal::none:
        return std::nullopt;
    case Goal::speedup:
        return r.ratio >= r.figure.bound;
    case Goal::share:
        return r.ratio <= r.figure.bound;
    case Goal::absolute:
        return r.ours <= r.figure.bound;
    }
    return std::nullopt;
}

struct Samples {
    std::vector<double> peer;
    std::vector<double> ours;
    std::vector<double> ratio;
};

// The samples of all figures of a scenario.
using Round = std::vector<Samples>;

void add_round(Round& round, const Scenario& scenario, const std::vector<double>& peer,
               const std::vector<double>& ours) {
    for (std::size_t i = 0; i < round.size(); ++i) {
        round[i].peer.push_back(peer[i]);
        round[i].ours.push_back(ours[i]);
        round[i].ratio.push_back(ratio_of(scenario.figures[i], peer[i], ours[i]));
    }
}

Result summarize(const Figure& figure, const Samples& samples) {
    Result r;
    r.figure = figure;
    r.peer = median(samples.peer);
    r.ours = median(samples.ours);
    r.ratio = median(samples.ratio);
    r.met = is_met(r);
    return r;
}

std::string text_of(double value) {
    char text[32];
    if (std::isnan(value))
        return "-";
    std::snprintf(text, sizeof text, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.3g", value);
    return text;
}

std::string goal_text(const Figure& figure) {
    switch (figure.goal) {
    case Goal::none:
        return "-";
    case Goal::speedup:
        return ">= " + text_of(figure.bound) + "x";
    case Goal::share:
        return "<= " + text_of(figure.bound) + "x";
    case Goal::absolute:
        return "<= " + text_of(figure.bound);
    }
    return {};
}

void row(const char* name, const char* unit, const char* peer, const char* ours, const char* ratio,
         const char* goal, const char* met, const char* quiet) {
    std::printf("%-30s %-13s %10s %10s %8s %9s %4s %7s\n", name, unit, peer, ours, ratio, goal, met,
                quiet);
    std::fflush(stdout);
}

nlohmann::json machine() {
    gchar* version = gst_version_string();
    const std::string gst = version;
    g_free(version);
    return {{"cpu", cpu_model()},
            {"cores", std::thread::hardware_concurrency()},
            {"kernel", kernel()},
            {"gstreamer", gst},
            {"date", date()}};
}

nlohmann::json number(double value) {
    return std::isnan(value) ? nlohmann::json(nullptr) : nlohmann::json(value);
}

std::vector<double> peer_of(const Scenario& scenario) {
    if (scenario.peer)
        return scenario.peer();
    return std::vector<double>(scenario.figures.size(), std::nan(""));
}

} // namespace

std::vector<Result> run(const Scenario& scenario, unsigned rounds, unsigned most_rounds) {
    Round all(scenario.figures.size());
    Round quiet(scenario.figures.size());
    unsigned made = 0;
    unsigned quiet_made = 0;
    if (scenario.once)
        rounds = most_rounds = 1;
    while (made < rounds || (made < most_rounds && quiet_made < rounds)) {
        const Neighbours neighbours;
        // Who goes first changes, so that neither always meets the warmer machine.
        const bool peer_first = made++ % 2 == 0;
        std::vector<double> peer;
        if (peer_first)
            peer = peer_of(scenario);
        const std::vector<double> ours = scenario.ours();
        if (!peer_first)
            peer = peer_of(scenario);
        add_round(all, scenario, peer, ours);
        if (neighbours.processors() > kQuietProcessors)
            continue;
        ++quiet_made;
        add_round(quiet, scenario, peer, ours);
    }
    const bool enough = quiet_made >= std::min(rounds, kFewestQuietRounds);
    std::vector<Result> results;
    for (std::size_t i = 0; i < all.size(); ++i) {
        results.push_back(summarize(scenario.figures[i], enough ? quiet[i] : all[i]));
        results.back().rounds = made;
        results.back().quiet_rounds = quiet_made;
    }
    return results;
}

void print_header() {
    row("figure", "unit", "peer", "ours", "ratio", "goal", "met", "quiet");
}

void print_row(const Result& r) {
    const std::string quiet = std::to_string(r.quiet_rounds) + "/" + std::to_string(r.rounds);
    row(r.figure.name.c_str(), r.figure.unit.c_str(), text_of(r.peer).c_str(),
        text_of(r.ours).c_str(), text_of(r.ratio).c_str(), goal_text(r.figure).c_str(),
        r.met ? (*r.met ? "yes" : "NO") : "-", quiet.c_str());
}

void write_json(const std::string& path, const std::vector<Result>& results,
                const std::string& command) {
    nlohmann::json figures = nlohmann::json::array();
    for (const Result& r : results) {
        figures.push_back({{"figure", r.figure.name},
                           {"unit", r.figure.unit},
                           {"peer", number(r.peer)},
                           {"ours", number(r.ours)},
                           {"ratio", number(r.ratio)},
                           {"goal", goal_text(r.figure)},
                           {"met", r.met ? nlohmann::json(*r.met) : nlohmann::json(nullptr)},
                           {"rounds", r.rounds},
                           {"quiet_rounds", r.quiet_rounds}});
    }
    std::ofstream file(path);
    file << nlohmann::json{{"command", command}, {"machine", machine()}, {"figures", figures}}.dump(
                2)
         << '\n';
    if (!file.flush())
        throw std::runtime_error("cannot write " + path);
}

} // namespace tactus::bench
