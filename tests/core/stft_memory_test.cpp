// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// In a program of its own, because it counts every allocation.
#include "../support/counted_new.h"
#include "../support/stft_signals.h"
#include "core/fft/inverse_stft.h"

#include <gtest/gtest.h>

namespace tactus {

namespace {

/// Of a run to and, for complex numbers, fro.
std::uint64_t allocations_of(const StftConfig& config) {
    Stft stft(config);
    StftConfig complex = config;
    complex.format = StftFormat::complex;
    complex.band_count = 0;
    complex.attack_s = 0;
    InverseStft inverse(complex);
    std::vector<float> frame(stft.config().frame_floats());
    const Planar planar = noise_of(config.channels, 50'000);
    std::vector<const float*> at;
    for (const auto& channel : planar)
        at.push_back(channel.data());
    const auto read = [&] {
        stft.read(frame.data());
        if (config.format == StftFormat::complex)
            inverse.push(frame.data());
    };
    const std::uint64_t before = allocations();
    for (std::size_t left = 50'000; left > 0;) {
        const std::size_t taken = stft.push(at.data(), std::min<std::size_t>(left, 441));
        for (const float*& channel : at)
            channel += taken;
        left -= taken;
        while (stft.ready())
            read();
    }
    stft.finish();
    while (stft.ready())
        read();
    inverse.finish(50'000);
    stft.reset();
    inverse.reset();
    return allocations() - before;
}

} // namespace

TEST(StftMemory, IsAllTakenWhenMade) {
    for (const std::size_t fft_size : {254U, 480U, 509U, 2048U}) {
        StftConfig config;
        config.channels = 2;
        config.fft_size = fft_size;
        EXPECT_EQ(allocations_of(config), 0U) << fft_size;
        config.format = StftFormat::db;
        config.band_count = 40;
        config.attack_s = 1;
        EXPECT_EQ(allocations_of(config), 0U) << fft_size;
    }
    const std::uint64_t before = allocations();
    const std::vector<int> one(1);
    EXPECT_GT(allocations(), before); // what counts does count
}

} // namespace tactus
