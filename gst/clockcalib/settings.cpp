// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace tactus {

namespace {

struct Parameter {
    std::string_view name;
    std::string_view wanted; ///< what is right, for people
    std::string Settings::*text = nullptr;
    std::uint64_t Settings::*number = nullptr;
    bool Settings::*flag = nullptr;
    std::uint64_t minimum = 0;
    std::uint64_t maximum = 0;
};

constexpr std::array kParameters{
    Parameter{"trace", "a file name", &Settings::trace},
    Parameter{"report", "a file name", &Settings::report},
    Parameter{"metrics", "an address such as 127.0.0.1:9464", &Settings::metrics},
    Parameter{"otlp", "a URL such as http://127.0.0.1:4318", &Settings::otlp},
    Parameter{"interval", "milliseconds from 0 (no messages) to 3600000", nullptr,
              &Settings::interval_ms, nullptr, 0, 3600000},
    Parameter{"stall-threshold", "milliseconds from 1 to 10000", nullptr,
              &Settings::stall_threshold_ms, nullptr, 1, 10000},
    Parameter{"otlp-sample", "a number from 1 (each buffer) to 1000000", nullptr,
              &Settings::otlp_sample, nullptr, 1, 1000000},
    Parameter{"records", "true or false", nullptr, nullptr, &Settings::records},
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\n";
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// Takes the part before the next comma that is not in quotes off the front of `rest`.
std::string_view take_part(std::string_view& rest) {
    bool quoted = false;
    std::size_t end = 0;
    while (end < rest.size() && (quoted || rest[end] != ',')) {
        quoted ^= rest[end] == '"';
        ++end;
    }
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return trimmed(part);
}

std::string_view unquoted(std::string_view value) {
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        return value.substr(1, value.size() - 2);
    return value;
}

bool set_number(const Parameter& parameter, std::string_view value, Settings& settings) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size() || number < parameter.minimum ||
        number > parameter.maximum)
        return false;
    settings.*parameter.number = number;
    settings.wants_stall_threshold |= parameter.number == &Settings::stall_threshold_ms;
    return true;
}

bool set_flag(const Parameter& parameter, std::string_view value, Settings& settings) {
    if (value != "true" && value != "false")
        return false;
    settings.*parameter.flag = value == "true";
    return true;
}

bool set(const Parameter& parameter, std::string_view value, Settings& settings) {
    if (parameter.number != nullptr)
        return set_number(parameter, value, settings);
    if (parameter.flag != nullptr)
        return set_flag(parameter, value, settings);
    settings.*parameter.text = value;
    return !value.empty();
}

std::optional<std::string> apply(std::string_view part, Settings& settings) {
    const auto equals = part.find('=');
    const std::string_view name = trimmed(part.substr(0, equals));
    const auto* known = std::find_if(kParameters.begin(), kParameters.end(),
                                     [&](const Parameter& p) { return p.name == name; });
    if (known == kParameters.end())
        return "unknown parameter '" + std::string(name) + "'; there are: " + setting_names();
    if (equals == std::string_view::npos)
        return "parameter '" + std::string(name) + "' has no value; it takes " +
               std::string(known->wanted);
    const std::string_view value = unquoted(trimmed(part.substr(equals + 1)));
    if (set(*known, value, settings))
        return std::nullopt;
    return "parameter '" + std::string(name) + "' cannot be '" + std::string(value) +
           "'; it takes " + std::string(known->wanted);
}

} // namespace

Settings parse_settings(std::string_view text, std::vector<std::string>& problems) {
    Settings settings;
    while (!text.empty()) {
        const std::string_view part = take_part(text);
        if (part.empty())
            continue;
        if (auto problem = apply(part, settings))
            problems.push_back(std::move(*problem));
    }
    return settings;
}

std::string setting_names() {
    std::string names;
    for (const Parameter& parameter : kParameters) {
        if (!names.empty())
            names.append(", ");
        names.append(parameter.name);
    }
    return names;
}

} // namespace tactus
