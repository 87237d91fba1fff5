// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "scenarios.h"

#include <optional>
#include <string>
#include <vector>

namespace tactus::bench {

/// The medians of one figure over its rounds. `ratio` is the median of the rounds' own ratios: what
/// disturbs the machine disturbs both halves of a round.
struct Result {
    Figure figure;
    double peer = 0;
    double ours = 0;
    double ratio = 0; ///< > 1: ours is better; for Goal::share ours / peer
    std::optional<bool> met;
    unsigned rounds = 0;       ///< made
    unsigned quiet_rounds = 0; ///< during which the machine was ours
};

/// Runs peer and ours in turns until `rounds` rounds were quiet, but at most `most_rounds` in all.
/// The results are those of the quiet rounds, if there were enough, else of all.
std::vector<Result> run(const Scenario& scenario, unsigned rounds, unsigned most_rounds);

void print_header();
void print_row(const Result& result);
/// Throws std::runtime_error if the file cannot be written.
void write_json(const std::string& path, const std::vector<Result>& results,
                const std::string& command);

} // namespace tactus::bench
