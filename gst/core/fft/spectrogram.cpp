// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/spectrogram.h"

#include "core/fft/number_text.h"
#include "core/fft/spectrogram_scale.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

namespace tactus {

namespace {

constexpr Rgb kBackground{18, 18, 22};
constexpr Rgb kInk{200, 200, 205};
constexpr Rgb kAxis{110, 110, 116};
constexpr float kNothing = -1000; ///< dB of what was not heard

// A sine of amplitude 1 makes a point of 1/2.
constexpr float kSineOffsetDb = 6.0206F;

// A smaller picture has no room for a scale.
constexpr int kLeastScaledWidth = 200;
constexpr int kLeastScaledHeight = 100;
constexpr int kTickLength = 4;

SpectrogramConfig checked(const SpectrogramConfig& config) {
    for (const int size : {config.width, config.height})
        if (size < SpectrogramConfig::kLeastSize || size > SpectrogramConfig::kMostSize)
            throw std::invalid_argument("a picture of " + std::to_string(config.width) + " by " +
                                        std::to_string(config.height) + " pixels: each must be " +
                                        std::to_string(SpectrogramConfig::kLeastSize) + " to " +
                                        std::to_string(SpectrogramConfig::kMostSize));
    if (!(config.span_s > 0) || !std::isfinite(config.span_s))
        throw std::invalid_argument("a span of " + number_text(config.span_s) +
                                    " s: it must be more than 0");
    return config;
}

SpectrogramColors checked(const SpectrogramColors& colors) {
    if (!(colors.max_db - colors.min_db >= SpectrogramColors::kLeastRangeDb))
        throw std::invalid_argument("min-db " + number_text(colors.min_db) + ", max-db " +
                                    number_text(colors.max_db) +
                                    ": max-db must be larger, by 1 at least");
    return colors;
}

double least_hz(const SpectrogramConfig& config) {
    return config.frequency_scale == FrequencyScale::log ? BandMap::lowest_log_hz(config.rate) : 0;
}

std::int64_t modulo(std::int64_t a, std::int64_t b) {
    return (a % b + b) % b;
}

} // namespace

Spectrogram::Spectrogram(const SpectrogramConfig& config, const SpectrogramColors& colors)
    : config_(checked(config)), colors_(checked(colors)), layout_(layout_of(config)),
      stft_(stft_config_of(config, layout_)), span_frames_(config.span_s * config.rate),
      column_frames_(span_frames_ / layout_.width),
      spectrum_(static_cast<std::size_t>(layout_.height)) {
    const auto width = static_cast<std::size_t>(layout_.width);
    const auto height = static_cast<std::size_t>(layout_.height);
    const std::size_t bytes = pixel_bytes(config.format);
    levels_.resize(width * height);
    columns_.resize(width * height * bytes);
    frame_.resize(static_cast<std::size_t>(config.width) * static_cast<std::size_t>(config.height) *
                  bytes);
    reset(0);
    set_colors(colors);
}

Spectrogram::Layout Spectrogram::layout_of(const SpectrogramConfig& config) {
    Layout layout{0, 0, 0, config.width, config.height, 0, 0};
    if (!config.show_scale || config.width < kLeastScaledWidth ||
        config.height < kLeastScaledHeight)
        return layout;
    const int scale = std::clamp(config.height / 540, 1, 6);
    const int gap = 4 * scale;
    const int text = Canvas::text_height(scale);
    layout.scale = scale;
    layout.left = Canvas::text_width("22.05k", scale) + 2 * gap + kTickLength * scale;
    layout.top = text / 2 + gap;
    layout.bar_width = 8 * scale;
    const int right =
        Canvas::text_width("-120 dB", scale) + 3 * gap + layout.bar_width + kTickLength * scale;
    layout.width = config.width - layout.left - right;
    layout.height = config.height - layout.top - text - 2 * gap - kTickLength * scale;
    layout.bar_left = layout.left + layout.width + 2 * gap;
    return layout;
}

StftConfig Spectrogram::stft_config_of(const SpectrogramConfig& config, const Layout& layout) {
    StftConfig stft;
    stft.rate = config.rate;
    stft.fft_size = config.fft_size;
    stft.window_length = config.fft_size;
    stft.window = config.window;
    stft.scaling = StftScaling::magnitude;
    stft.format = StftFormat::db;
    stft.bands_scale = config.frequency_scale;
    stft.band_count = static_cast<std::size_t>(layout.height);
    stft.hop_frames = config.hop_frames;
    if (stft.hop_frames == 0) {
        const double column = config.span_s * config.rate / layout.width;
        const auto most = static_cast<double>(std::max<std::size_t>(config.fft_size / 4, 1));
        stft.hop_frames = static_cast<std::size_t>(std::clamp(std::floor(column), 1.0, most));
    }
    return stft.resolved();
}

// --- sound

void Spectrogram::push(const float* samples, std::size_t frames) {
    while (frames > 0) {
        const std::size_t taken = stft_.push(&samples, frames);
        samples += taken;
        frames -= taken;
        take_spectra();
    }
}

void Spectrogram::finish() {
    stft_.finish();
    take_spectra();
}

void Spectrogram::reset(double start_s) {
    stft_.reset();
    start_s_ = start_s;
    newest_.reset();
    is_held_ = false;
    std::fill(levels_.begin(), levels_.end(), kNothing);
    paint_empty();
}

/// A column shows the strongest of the spectra in it; one without any the one before.
void Spectrogram::take_spectra() {
    while (stft_.ready()) {
        const auto column = static_cast<std::int64_t>(
            std::floor(static_cast<double>(stft_.position()) / column_frames_));
        stft_.read(spectrum_.data());
        ++transforms_;
        begin_column(column);
        float* const level = levels(column);
        for (std::size_t k = 0; k < spectrum_.size(); ++k)
            level[k] = std::max(level[k], spectrum_[k] + kSineOffsetDb);
        paint(column);
    }
}

void Spectrogram::begin_column(std::int64_t column) {
    if (newest_ == column && !is_held_)
        return;
    hold(column - 1);
    std::fill_n(levels(column), spectrum_.size(), kNothing);
    newest_ = column;
    is_held_ = false;
}

/// Goes on with what was last heard, up to this column.
void Spectrogram::hold(std::int64_t column) {
    if (!newest_ || *newest_ >= column)
        return;
    for (std::int64_t c = std::max(*newest_ + 1, column - layout_.width + 1); c <= column; ++c) {
        std::copy_n(levels(*newest_), spectrum_.size(), levels(c));
        paint(c);
    }
    newest_ = column;
    is_held_ = true;
}

float* Spectrogram::levels(std::int64_t column) {
    return levels_.data() +
           static_cast<std::size_t>(modulo(column, layout_.width)) * spectrum_.size();
}

// --- colours

void Spectrogram::set_colors(const SpectrogramColors& colors) {
    colors_ = checked(colors);
    table_ = color_table(colors_.map);
    draw_frame();
    if (!newest_) {
        paint_empty();
        return;
    }
    for (std::int64_t i = 0; i < layout_.width; ++i)
        paint(*newest_ - i);
}

void Spectrogram::paint(std::int64_t column) {
    const std::size_t bytes = pixel_bytes(config_.format);
    const std::size_t row_bytes = static_cast<std::size_t>(layout_.width) * bytes;
    const auto steps = static_cast<float>((kColors - 1) / (colors_.max_db - colors_.min_db));
    const auto least = static_cast<float>(colors_.min_db);
    const float* const level = levels(column);
    // From the lowest frequency upwards.
    std::uint8_t* at = columns_.data() + columns_.size() - row_bytes +
                       static_cast<std::size_t>(modulo(column, layout_.width)) * bytes;
    for (std::size_t k = 0; k < spectrum_.size(); ++k, at -= row_bytes) {
        const float place = std::clamp((level[k] - least) * steps, 0.0F, kColors - 1.0F);
        put_pixel(config_.format, table_[static_cast<std::size_t>(std::lrint(place))], at);
    }
}

void Spectrogram::paint_empty() {
    const auto width = static_cast<std::size_t>(layout_.width);
    const Canvas canvas(columns_.data(), width * pixel_bytes(config_.format), layout_.width,
                        layout_.height, config_.format);
    canvas.fill(0, 0, layout_.width, layout_.height, table_[0]);
}

// --- pictures

Canvas Spectrogram::static_canvas() {
    const std::size_t stride =
        static_cast<std::size_t>(config_.width) * pixel_bytes(config_.format);
    return {frame_.data(), stride, config_.width, config_.height, config_.format};
}

/// What does not move: axes, frequencies, and which colour is how many decibels.
void Spectrogram::draw_frame() {
    const Canvas canvas = static_canvas();
    canvas.fill(0, 0, config_.width, config_.height, kBackground);
    const Layout& l = layout_;
    if (l.scale == 0)
        return;
    const int tick = kTickLength * l.scale;
    const int text = Canvas::text_height(l.scale);
    const double gap = 2.0 * text / l.height;
    const auto y_of = [&](double place) {
        return l.top + static_cast<int>(std::lround((1 - place) * (l.height - 1)));
    };
    canvas.fill(l.left - 1, l.top, 1, l.height, kAxis);
    canvas.fill(l.left - 1, l.top + l.height, l.width + 1, 1, kAxis);
    for (const ScaleMark& mark :
         frequency_marks(config_.frequency_scale, least_hz(config_), config_.rate / 2.0, gap)) {
        const int y = y_of(mark.place);
        canvas.fill(l.left - 1 - tick, y, tick, l.scale, kAxis);
        canvas.text(l.left - 1 - tick - 4 * l.scale - Canvas::text_width(mark.label, l.scale),
                    y - text / 2, mark.label, l.scale, kInk);
    }
    canvas.text(4 * l.scale, l.top + l.height + tick + 4 * l.scale, "Hz", l.scale, kInk);
    for (int y = 0; y < l.height; ++y) {
        const auto color = static_cast<std::size_t>(
            (l.height - 1 - y) * static_cast<int>(kColors - 1) / std::max(l.height - 1, 1));
        canvas.fill(l.bar_left, l.top + y, l.bar_width, 1, table_[color]);
    }
    const int right = l.bar_left + l.bar_width;
    for (const ScaleMark& mark : decibel_marks(colors_.min_db, colors_.max_db, 1.5 * gap)) {
        const int y = y_of(mark.place);
        canvas.fill(right, y, tick, l.scale, kAxis);
        canvas.text(right + tick + 4 * l.scale, y - text / 2, mark.label, l.scale, kInk);
    }
    canvas.text(right + tick + 4 * l.scale, l.top + l.height + tick + 4 * l.scale, "dB", l.scale,
                kInk);
}

void Spectrogram::draw(std::int64_t frame, std::uint8_t* pixels, std::size_t stride_bytes) {
    const std::size_t row_bytes =
        static_cast<std::size_t>(config_.width) * pixel_bytes(config_.format);
    const Canvas canvas(pixels, stride_bytes, config_.width, config_.height, config_.format);
    const std::uint8_t* from = frame_.data();
    for (int y = 0; y < config_.height; ++y, from += row_bytes)
        std::memcpy(canvas.row(y), from, row_bytes);
    const auto column =
        static_cast<std::int64_t>(std::floor(static_cast<double>(frame) / column_frames_));
    hold(column);
    draw_columns(column, canvas);
    if (layout_.scale != 0)
        draw_time(frame, canvas);
}

/// The columns up to this one, which is at the right edge.
void Spectrogram::draw_columns(std::int64_t column, const Canvas& canvas) const {
    const std::size_t bytes = pixel_bytes(config_.format);
    const std::size_t row_bytes = static_cast<std::size_t>(layout_.width) * bytes;
    // The oldest column in view lies behind the newest one in the ring.
    const std::size_t split = static_cast<std::size_t>(modulo(column + 1, layout_.width)) * bytes;
    for (int y = 0; y < layout_.height; ++y) {
        const std::uint8_t* const from = columns_.data() + static_cast<std::size_t>(y) * row_bytes;
        std::uint8_t* const to =
            canvas.row(layout_.top + y) + static_cast<std::size_t>(layout_.left) * bytes;
        std::memcpy(to, from + split, row_bytes - split);
        std::memcpy(to + row_bytes - split, from, split);
    }
}

void Spectrogram::draw_time(std::int64_t frame, const Canvas& canvas) const {
    const Layout& l = layout_;
    const double now_s = start_s_ + static_cast<double>(frame) / config_.rate;
    const double pixel_s = config_.span_s / l.width;
    const double step_s = time_step_s(Canvas::text_width("00:00.000", l.scale) * pixel_s);
    const int tick = kTickLength * l.scale;
    for (auto k = static_cast<std::int64_t>(std::floor(now_s / step_s)); k >= 0; --k) {
        const double time_s = static_cast<double>(k) * step_s;
        const int x =
            l.left + l.width - 1 - static_cast<int>(std::lround((now_s - time_s) / pixel_s));
        if (x < l.left)
            break;
        const std::string label = time_label(time_s, step_s);
        const int width = Canvas::text_width(label, l.scale);
        canvas.fill(x, l.top + l.height + 1, l.scale, tick, kAxis);
        canvas.text(std::max(x - width / 2, l.left), l.top + l.height + 1 + tick + 3 * l.scale,
                    label, l.scale, kInk);
    }
}

} // namespace tactus
