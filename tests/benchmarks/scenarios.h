// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace tactus::bench {

/// What is compared, and what it has to reach.
struct Figure {
    enum class Goal {
        none,     ///< for information
        speedup,  ///< peer / ours (of a time) or ours / peer (of a rate) at least `bound`
        share,    ///< ours / peer at most `bound`
        absolute, ///< ours at most `bound`, whatever the peer's
    };

    std::string name;
    std::string unit;
    Goal goal = Goal::none;
    double bound = 0;
    bool is_rate = false;  ///< more is better
    bool is_exact = false; ///< does not depend on the machine's load: always enforced
};

/// A measurement that yields one value per figure, for the peer and for ours.
struct Scenario {
    std::vector<Figure> figures;
    std::function<std::vector<double>()> peer; ///< may be empty
    std::function<std::vector<double>()> ours;
    bool once = false; ///< rounds do not differ
};

struct Options {
    unsigned rounds = 9;
    bool quick = false;
    bool enforce = false;
    bool verbose = false;
    std::string only; ///< part of a figure's name
    std::string json_path;
};

std::vector<Scenario> make_scenarios(const Options& options);

} // namespace tactus::bench
