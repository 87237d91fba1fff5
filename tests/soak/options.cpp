// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "options.h"

#include <glib.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string_view>

namespace tactus::soak {

namespace {

constexpr double kMostMinutes = 7 * 24 * 60;
constexpr int kWrongInput = 2;

constexpr const char* kUsage =
    "usage: soak [--minutes N] [--seed S] [--json FILE] [--shutdown-limit SECONDS]\n";

std::optional<double> number_of(const char* text, double least, double most) {
    char* end = nullptr;
    const double value = g_ascii_strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= least && value <= most))
        return std::nullopt;
    return value;
}

/// What is wrong with the value, or "".
std::string set_option(Options& options, std::string_view name, const char* value) {
    if (name == "--json") {
        options.json = value;
        return {};
    }
    if (name == "--seed") {
        guint64 seed = 0;
        if (g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT64, &seed, nullptr) == FALSE)
            return "--seed takes a whole number from 0, not '" + std::string(value) + "'";
        options.seed = seed;
        return {};
    }
    const bool minutes = name == "--minutes";
    const auto number = minutes ? number_of(value, 0.5, kMostMinutes) : number_of(value, 0.1, 600);
    if (!number)
        return std::string(name) + " takes a number from " +
               (minutes ? "0.5 to 10080" : "0.1 to 600") + ", not '" + value + "'";
    (minutes ? options.minutes : options.shutdown_limit_s) = *number;
    return {};
}

Parsed refuse(const std::string& why) {
    std::fprintf(stderr, "soak: %s\n%s", why.c_str(), kUsage);
    return {{}, kWrongInput + 1};
}

} // namespace

Parsed parse_options(int argc, char** argv) {
    Parsed parsed;
    parsed.options.seed = static_cast<std::uint64_t>(
        std::chrono::system_clock::now().time_since_epoch() / std::chrono::seconds(1));
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (name == "--help") {
            std::fputs(kUsage, stdout);
            return {{}, 1};
        }
        if (name != "--minutes" && name != "--seed" && name != "--json" &&
            name != "--shutdown-limit")
            return refuse("unknown option " + std::string(name));
        if (++i == argc)
            return refuse(std::string(name) + " needs a value");
        const std::string wrong = set_option(parsed.options, name, argv[i]);
        if (!wrong.empty())
            return refuse(wrong);
    }
    return parsed;
}

} // namespace tactus::soak
