// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/spectrogram_scale.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace tactus {

namespace {

std::string formatted(const char* format, double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), format, value);
    return text.data();
}

std::string frequency_label(double hz) {
    if (hz < 1000)
        return formatted("%.0f", hz);
    return formatted("%g", hz / 1000) + "k";
}

/// 1, 2 or 5 times a power of ten, at least as large.
double round_step(double least) {
    const double decade = std::pow(10, std::floor(std::log10(least)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (factor * decade >= least * (1 - 1e-9))
            return factor * decade;
    return 10 * decade;
}

/// Marks come in order of how round they are: those that are too near to one before are left out.
void add_mark(std::vector<ScaleMark>& marks, ScaleMark mark, double least_gap) {
    const bool is_free = std::all_of(marks.begin(), marks.end(), [&](const ScaleMark& other) {
        return std::abs(other.place - mark.place) >= least_gap;
    });
    if (is_free && mark.place >= 0 && mark.place <= 1)
        marks.push_back(std::move(mark));
}

std::vector<ScaleMark> linear_marks(double least, double most, double least_gap,
                                    std::string (*label)(double)) {
    const double step = round_step(std::max(least_gap, 1e-3) * (most - least));
    std::vector<ScaleMark> marks;
    const auto first = static_cast<int>(std::ceil(least / step));
    for (int k = first; k * step <= most; ++k)
        add_mark(marks, {(k * step - least) / (most - least), label(k * step)}, 0);
    return marks;
}

} // namespace

std::vector<ScaleMark> frequency_marks(FrequencyScale scale, double least_hz, double most_hz,
                                       double least_gap) {
    if (scale == FrequencyScale::linear)
        return linear_marks(least_hz, most_hz, least_gap, frequency_label);
    const double least = to_scale(scale, least_hz);
    const double most = to_scale(scale, most_hz);
    const auto most_decade = static_cast<int>(std::floor(std::log10(most_hz)));
    std::vector<ScaleMark> marks;
    if (least_hz <= 0)
        add_mark(marks, {0, "0"}, least_gap);
    for (const double factor : {1.0, 5.0, 2.0})
        for (int decade = most_decade; decade >= 0; --decade) {
            const double hz = factor * std::pow(10, decade);
            add_mark(marks, {(to_scale(scale, hz) - least) / (most - least), frequency_label(hz)},
                     least_gap);
        }
    std::sort(marks.begin(), marks.end(),
              [](const ScaleMark& a, const ScaleMark& b) { return a.place < b.place; });
    return marks;
}

std::vector<ScaleMark> decibel_marks(double least_db, double most_db, double least_gap) {
    return linear_marks(least_db, most_db, least_gap,
                        [](double db) { return formatted("%.0f", db == 0 ? 0 : db); });
}

double time_step_s(double least_s) {
    if (least_s <= 10)
        return round_step(std::max(least_s, 1e-3));
    for (const double step : {15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0})
        if (step >= least_s)
            return step;
    return std::ceil(least_s / 3600) * 3600;
}

std::string time_label(double time_s, double step_s) {
    const double rounded = std::round(time_s / step_s) * step_s;
    const int decimals = step_s >= 1 ? 0 : step_s >= 0.1 ? 1 : step_s >= 0.01 ? 2 : 3;
    std::array<char, 48> text{};
    if (rounded < 60) {
        std::snprintf(text.data(), text.size(), "%.*f s", decimals, rounded);
        return text.data();
    }
    const double minutes = std::floor(rounded / 60);
    std::snprintf(text.data(), text.size(), "%.0f:%0*.*f", minutes, decimals > 0 ? decimals + 3 : 2,
                  decimals, rounded - 60 * minutes);
    return text.data();
}

} // namespace tactus
