// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/canvas.h"
#include "core/fft/color_map.h"
#include "core/fft/stft.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tactus {

/// What does not change while a spectrogram goes on.
struct SpectrogramConfig {
    static constexpr int kLeastSize = 16;
    static constexpr int kMostSize = 16384;

    unsigned rate = 48'000;
    std::size_t fft_size = 2048;
    std::size_t hop_frames = 0; ///< 0: one for each column, but at most a quarter of the window
    WindowShape window;
    FrequencyScale frequency_scale = FrequencyScale::mel;
    double span_s = 5; ///< from the left edge to the right
    bool show_scale = true;
    int width = 0;
    int height = 0;
    PixelFormat format = PixelFormat::rgba;
};

/// What may change at any time.
struct SpectrogramColors {
    static constexpr double kLeastRangeDb = 1; ///< from min_db to max_db

    ColorMap map = ColorMap::viridis;
    double min_db = -90; ///< the first colour, and all below it
    double max_db = 0;   ///< the last one; a sine at full scale has about 0 dB

    bool operator==(const SpectrogramColors&) const = default;
};

/// A picture of how the spectrum of a sound goes on: time to the right, frequency upwards, decibels
/// as colours. Each column of pixels stands for the same piece of the sound for as long as it is in
/// view, so that nothing flickers as it moves.
///
/// Sound is counted in frames since the beginning of a run. What is seen at a frame is what a
/// window around it holds, so sound must have come to half a window behind it.
///
/// Threads: one at a time. `push` and `draw` do not allocate.
class Spectrogram {
  public:
    /// Throws invalid_argument, with the value and what would be right; bad_alloc.
    Spectrogram(const SpectrogramConfig& config, const SpectrogramColors& colors);

    /// How many frames beyond the one to be drawn at must have come.
    std::size_t lookahead_frames() const { return stft_.config().lookahead(); }
    std::uint64_t transforms() const { return transforms_; }
    std::uint64_t non_finite() const { return stft_.non_finite(); }

    void push(const float* samples, std::size_t frames);
    /// The sound ends here: all of it can be drawn then.
    void finish();
    /// A new run, in an empty picture. Its frame 0 is at this time, which the scale begins with.
    void reset(double start_s);
    /// Also for what is in view already.
    void set_colors(const SpectrogramColors& colors);

    /// The picture at a frame, which is at its right edge.
    void draw(std::int64_t frame, std::uint8_t* pixels, std::size_t stride_bytes);

  private:
    /// Where on the picture things are, in pixels.
    struct Layout {
        int scale = 0; ///< of the font; 0: no scale is drawn
        int left = 0;
        int top = 0;
        int width = 0;
        int height = 0;
        int bar_left = 0; ///< of the bar of colours
        int bar_width = 0;
    };

    static Layout layout_of(const SpectrogramConfig& config);
    static StftConfig stft_config_of(const SpectrogramConfig& config, const Layout& layout);

    void take_spectra();
    void begin_column(std::int64_t column);
    void hold(std::int64_t column);
    float* levels(std::int64_t column);
    void paint(std::int64_t column);
    void paint_empty();
    void draw_frame();
    void draw_columns(std::int64_t column, const Canvas& canvas) const;
    void draw_time(std::int64_t frame, const Canvas& canvas) const;
    Canvas static_canvas();

    SpectrogramConfig config_;
    SpectrogramColors colors_;
    Layout layout_;
    Stft stft_;
    double span_frames_;
    double column_frames_;
    double start_s_ = 0;
    std::uint64_t transforms_ = 0;

    std::optional<std::int64_t> newest_; ///< column
    bool is_held_ = false;               ///< nothing of its own was heard in it yet
    std::vector<float> spectrum_;
    std::vector<float> levels_;         ///< dB of each column, in a ring
    std::vector<std::uint8_t> columns_; ///< the same as pixels, row by row
    std::vector<std::uint8_t> frame_;   ///< all that does not move
    std::array<Rgb, kColors> table_{};
};

} // namespace tactus
