// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Values of numpy and scipy are in support/stft_vectors.txt; the script beside it makes them.
#include "core/fft/window.h"

#include "../support/number_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace tactus {

namespace {

const NumberTable& vectors() {
    static const NumberTable table(TACTUS_TEST_SUPPORT "/stft_vectors.txt");
    return table;
}

std::string what_is_wrong(const WindowShape& shape, std::size_t length) {
    try {
        make_window(shape, length);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return {};
}

void expect_near(const std::vector<double>& found, const std::vector<double>& expected,
                 const std::string& what) {
    ASSERT_EQ(found.size(), expected.size()) << what;
    for (std::size_t n = 0; n < found.size(); ++n)
        EXPECT_NEAR(found[n], expected[n], 1e-13) << what << ", " << n;
}

/// All kinds that need no values.
std::vector<WindowKind> formulas() {
    std::vector<WindowKind> kinds;
    for (std::size_t i = 0; i < kWindowKinds; ++i)
        if (static_cast<WindowKind>(i) != WindowKind::custom)
            kinds.push_back(static_cast<WindowKind>(i));
    return kinds;
}

} // namespace

TEST(Window, HasTheValuesOfScipy) {
    for (const WindowKind kind : formulas())
        for (const std::size_t length : {1, 2, 15, 16})
            for (const bool symmetric : {false, true}) {
                const std::string name = std::string("window:") + window_name(kind) + ":" +
                                         std::to_string(length) +
                                         (symmetric ? ":symmetric" : ":periodic");
                expect_near(make_window({.kind = kind, .symmetric = symmetric}, length),
                            vectors()[name], name);
            }
}

TEST(Window, OfKaiserFollowsItsBeta) {
    for (const std::size_t length : {15, 16})
        expect_near(make_window({.kind = WindowKind::kaiser, .kaiser_beta = 14}, length),
                    vectors()["window:kaiser-14:" + std::to_string(length) + ":periodic"], "14");
    for (const double value : make_window({.kind = WindowKind::kaiser, .kaiser_beta = 0}, 9))
        EXPECT_EQ(value, 1.0);
    for (const double value : make_window({.kind = WindowKind::kaiser, .kaiser_beta = 500}, 64))
        EXPECT_TRUE(value >= 0 && value <= 1) << value;
}

TEST(Window, OverlapsAsScipyChecksIt) {
    for (const WindowKind kind : formulas())
        for (const auto& [length, hop] :
             {std::pair{16, 4}, {16, 8}, {16, 16}, {16, 17}, {15, 5}, {15, 7}}) {
            const std::string name = std::string("overlap:") + window_name(kind) + ":" +
                                     std::to_string(length) + ":" + std::to_string(hop);
            const auto window = make_window({.kind = kind}, static_cast<std::size_t>(length));
            const auto& expected = vectors()[name];
            const auto hop_frames = static_cast<std::size_t>(hop);
            EXPECT_EQ(overlap_squares(window, hop_frames).never_vanishes(), expected[0] != 0)
                << name;
        }
}

TEST(Window, WithAHopBeyondItLeavesSamplesOut) {
    const auto window = make_window({.kind = WindowKind::rectangular}, 16);
    EXPECT_FALSE(overlap_squares(window, 17).never_vanishes());
}

TEST(Window, HasADualThatUndoesIt) {
    const auto window = make_window({}, 16);
    expect_near(dual_window(window, 4), vectors()["dual:hann:16:4"], "dual");
    for (const WindowKind kind : formulas()) {
        const auto any = make_window({.kind = kind}, 30);
        const auto dual = dual_window(any, 7);
        for (std::size_t n = 0; n < 7; ++n) {
            double sum = 0;
            for (std::size_t at = n; at < any.size(); at += 7)
                sum += any[at] * dual[at];
            EXPECT_NEAR(sum, 1, 1e-12) << window_name(kind) << ", " << n;
        }
    }
}

TEST(Window, IsCustomIfValuesAreGiven) {
    const std::vector<double> values = {0.5, -1, 2};
    EXPECT_EQ(make_window({.kind = WindowKind::custom, .custom = values}, 3), values);
    EXPECT_EQ(what_is_wrong({.kind = WindowKind::custom, .custom = values}, 4),
              "the custom window has 3 values: window-length is 4");
    EXPECT_EQ(what_is_wrong({.kind = WindowKind::custom, .custom = {1, NAN}}, 2),
              "the custom window has values that are not finite");
}

TEST(Window, SaysWhatIsWrong) {
    EXPECT_EQ(what_is_wrong({}, 0), "a window of 0 samples: it must have 1 at least");
    EXPECT_EQ(what_is_wrong({.kind = WindowKind::kaiser, .kaiser_beta = -1}, 8),
              "kaiser-beta is -1: it must be 0 to 500");
    EXPECT_NE(what_is_wrong({.kind = WindowKind::kaiser, .kaiser_beta = NAN}, 8), "");
}

TEST(Window, HasNamesThatAreFoundAgain) {
    for (std::size_t i = 0; i < kWindowKinds; ++i) {
        const auto kind = static_cast<WindowKind>(i);
        EXPECT_EQ(window_named(window_name(kind)), kind);
    }
    EXPECT_EQ(window_named("hanning"), std::nullopt);
}

TEST(Window, ThatCannotBeUndoneSaysWhatCould) {
    EXPECT_EQ(overlap_complaint({}, 1024, 512), "");
    EXPECT_EQ(overlap_complaint({}, 1024, 1024),
              "a hann window of 1024 samples every 1024 cannot be undone: some samples are in no "
              "window, or weigh nothing; hop-size 512 works; with this hop-size, window hamming "
              "works");
    EXPECT_EQ(overlap_complaint({.kind = WindowKind::rectangular}, 480, 500),
              "a rectangular window of 480 samples every 500 cannot be undone: some samples are in "
              "no window, or weigh nothing; hop-size 480 works; with this hop-size, window-length "
              "must be 500 at least");
    const WindowShape nothing{.kind = WindowKind::custom, .custom = {0, 0}};
    EXPECT_EQ(overlap_complaint(nothing, 2, 1),
              "a custom window of 2 samples every 1 cannot be undone: some samples are in no "
              "window, or weigh nothing; with this hop-size, window hann works");
}

TEST(Window, CanBeUndoneWithHopsOfHalfOfIt) {
    for (const WindowKind kind : formulas())
        for (std::size_t length = 2; length < 300; length += 2)
            EXPECT_EQ(overlap_complaint({.kind = kind}, length, length / 2), "");
}

TEST(Window, ThatIsProposedWorks) {
    for (const WindowKind kind : formulas())
        for (std::size_t length = 1; length < 40; ++length)
            for (std::size_t hop = 1; hop <= length; ++hop) {
                const std::string text = overlap_complaint({.kind = kind}, length, hop);
                if (text.empty())
                    continue;
                const std::size_t at = text.find("hop-size ");
                ASSERT_NE(at, std::string::npos) << text;
                const std::size_t proposed = std::stoul(text.substr(at + 9));
                EXPECT_EQ(overlap_complaint({.kind = kind}, length, proposed), "") << text;
                const std::size_t name_at = text.find(", window ", at);
                ASSERT_NE(name_at, std::string::npos) << text;
                const std::string name =
                    text.substr(name_at + 9, text.find(" works", name_at) - name_at - 9);
                EXPECT_EQ(overlap_complaint({.kind = window_named(name).value()}, length, hop), "")
                    << text;
            }
}

} // namespace tactus
