// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tactus {

/// How frequencies are laid out along an axis.
enum class FrequencyScale : std::uint8_t {
    linear, ///< Hz
    log,    ///< natural logarithm of Hz
    mel,    ///< 2595 log10(1 + f / 700) (O'Shaughnessy 1987)
    bark,   ///< 26.81 f / (1960 + f) - 0.53 (Traunmüller 1990)
};

inline constexpr std::size_t kFrequencyScales = 4;

/// "mel"; as properties and caps spell it.
const char* frequency_scale_name(FrequencyScale scale);
std::optional<FrequencyScale> frequency_scale_named(std::string_view name);

double to_scale(FrequencyScale scale, double hz);
double from_scale(FrequencyScale scale, double value);

/// Sums up the bins of a power spectrum in bands whose centres lie evenly on a scale, by triangles
/// that reach from the centre before to the one behind. The weights of a band add up to 1, so what
/// is flat stays flat; a band narrower than two bins is interpolated between its neighbours.
///
/// The lowest and the highest triangle end at 0 Hz and half the rate; on the log scale, which has
/// no 0, at `lowest_log_hz`.
///
/// Threads: immutable once made.
class BandMap {
  public:
    /// Throws invalid_argument unless there are bands, a rate and two bins at least; bad_alloc.
    BandMap(FrequencyScale scale, std::size_t bands, std::size_t fft_size, double rate_hz);

    std::size_t bands() const { return bands_.size(); }
    double centre_hz(std::size_t band) const { return bands_[band].centre_hz; }
    /// `power`: fft_size / 2 + 1 values; `out`: `bands` values. They must not overlap.
    void apply(const float* power, float* out) const;

    /// 20 Hz, or a tenth of half the rate if that is less.
    static double lowest_log_hz(double rate_hz);

  private:
    struct Band {
        double centre_hz = 0;
        std::size_t first_bin = 0;
        std::size_t first_weight = 0;
        std::size_t count = 0;
    };

    void add_triangle(double low, double centre, double high, std::size_t bins);
    void add_interpolation(double centre, std::size_t bins);

    std::vector<Band> bands_;
    std::vector<float> weights_;
};

} // namespace tactus
