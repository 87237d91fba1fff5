// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdfft and simdifft under any properties, caps, chunks and events. The input is a program: a
// byte for the pipeline, twelve for properties and caps, then commands of two bytes.
#include "fuzz_support.h"
#include "simdfft/stft_caps.h"
#include "simdfft_in_program.h"

#include <gst/check/gstharness.h>
#include <gst/gst.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>

namespace tactus {

namespace {

struct HarnessTeardown {
    void operator()(GstHarness* harness) const { gst_harness_teardown(harness); }
};

class Program {
  public:
    explicit Program(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    void run() {
        kind_ = static_cast<Kind>(byte() % 3);
        read_settings();
        harness_.reset(gst_harness_new_parse(description().c_str()));
        bus_ = gst_bus_new();
        gst_element_set_bus(harness_->element, bus_);
        if (kind_ == Kind::stream)
            gst_harness_set_sink_caps_str(harness_.get(), "audio/x-stft");
        gst_harness_play(harness_.get());
        gst_harness_push_event(harness_.get(), gst_event_new_stream_start("fuzz"));
        send_caps();
        send_segment(0);
        while (!bytes_.empty())
            step();
        finish();
        gst_element_set_bus(harness_->element, nullptr);
        harness_.reset();
        gst_object_unref(bus_);
    }

  private:
    enum class Kind : std::uint8_t {
        way_back, ///< simdfft ! simdifft
        stream,   ///< simdfft alone
        spectra,  ///< simdifft alone
    };

    std::uint8_t byte() { return take_byte(bytes_); }

    void read_settings() {
        fft_size_ = 2 + byte() + 2U * byte();
        hop_ = byte();
        window_ = static_cast<WindowKind>(byte() % kWindowKinds);
        scaling_ = static_cast<StftScaling>(byte() % kStftScalings);
        window_length_ = byte();
        channels_ = 1 + byte() % 8;
        center_ = byte() % 2 != 0;
        format_ = byte();
        beta_ = byte();
        bands_ = byte() % 4 == 0 ? byte() : 0;
        frames_per_buffer_ = 1 + byte() % 4;
    }

    std::string description() const {
        std::string text =
            "simdfft fft-size=" + std::to_string(fft_size_) + " hop-size=" + std::to_string(hop_) +
            " window=" + window_name(window_) + " window-length=" + std::to_string(window_length_) +
            " kaiser-beta=" + std::to_string(beta_) + " scaling=" + stft_scaling_name(scaling_) +
            " center=" + (center_ ? "true" : "false") +
            " frames-per-buffer=" + std::to_string(frames_per_buffer_);
        if (kind_ == Kind::stream)
            text += " bands-scale=mel band-count=" + std::to_string(bands_) +
                    " smoothing-attack=" + std::to_string(bands_ * 1000);
        if (kind_ == Kind::way_back)
            text += " ! simdifft";
        return kind_ == Kind::spectra ? "simdifft" : text;
    }

    static const char* audio_format(std::uint8_t choice) {
        constexpr std::array kFormats = {"F32LE", "S16LE", "S16BE", "S24LE",    "S32LE",
                                         "F64LE", "U8",    "F32BE", "S24_32LE", "S8"};
        return kFormats[choice % kFormats.size()];
    }

    void send_caps() {
        const std::string channels = std::to_string(channels_);
        std::string text;
        if (kind_ == Kind::spectra) {
            text = "audio/x-stft,format=complex-f32,rate=8000,channels=" + channels +
                   ",fft-size=" + std::to_string(fft_size_) + ",hop-size=" + std::to_string(hop_) +
                   ",window=" + window_name(window_) + ",scaling=" + stft_scaling_name(scaling_) +
                   ",center=" + (center_ ? "true" : "false");
            if (window_length_ != 0)
                text += ",window-length=" + std::to_string(window_length_);
            if (bands_ != 0)
                text += ",kaiser-beta=(double)" + std::to_string(beta_);
        } else {
            text = std::string("audio/x-raw,layout=interleaved,rate=8000,format=") +
                   audio_format(format_) + ",channels=" + channels + ",channel-mask=(bitmask)0";
        }
        GstCaps* const caps = gst_caps_from_string(text.c_str());
        gst_harness_push_event(harness_.get(), gst_event_new_caps(caps));
        gst_caps_unref(caps);
    }

    void send_segment(std::uint8_t offset) {
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        segment.base = offset * GST_SECOND;
        gst_harness_push_event(harness_.get(), gst_event_new_segment(&segment));
    }

    void step() {
        const std::uint8_t command = byte();
        const std::uint8_t value = byte();
        if (command < 200)
            push(command, value, false);
        else if (command < 210)
            push(command, value, true);
        else if (command < 220)
            gap(value);
        else if (command < 225)
            flush();
        else if (command < 230)
            send_segment(value);
        else if (command < 240)
            change_caps(value);
        else if (value % 8 == 0)
            end();
    }

    /// Samples or floats, from the bytes to come; the program does not use them up.
    void push(std::uint8_t command, std::uint8_t value, bool discont) {
        const std::size_t bytes =
            value * (command % 2 != 0 ? 64U : 4U * channels_) + (command % 16 == 7 ? 3U : 0U);
        GstBuffer* const buffer = gst_buffer_new_allocate(nullptr, bytes, nullptr);
        GstMapInfo map;
        gst_buffer_map(buffer, &map, GST_MAP_WRITE);
        for (std::size_t i = 0; i < bytes; ++i)
            map.data[i] = bytes_.empty() ? static_cast<std::uint8_t>(i * 37)
                                         : bytes_[(i * (1 + command)) % bytes_.size()];
        gst_buffer_unmap(buffer, &map);
        if (discont) {
            GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
            time_ += value * GST_MSECOND;
        }
        if (command % 32 != 31)
            GST_BUFFER_PTS(buffer) = time_;
        if (kind_ == Kind::spectra && command % 4 != 3) {
            GST_BUFFER_OFFSET(buffer) = offset_;
            GST_BUFFER_OFFSET_END(buffer) = offset_ += command % 8 == 5 ? value : hop_;
        }
        time_ += GST_MSECOND;
        flow_ = std::min(flow_, gst_harness_push(harness_.get(), buffer));
        take();
    }

    void gap(std::uint8_t value) {
        gst_harness_push_event(harness_.get(), gst_event_new_gap(time_, value * GST_MSECOND));
        time_ += value * GST_MSECOND;
        take();
    }

    void flush() {
        gst_harness_push_event(harness_.get(), gst_event_new_flush_start());
        gst_harness_push_event(harness_.get(), gst_event_new_flush_stop(TRUE));
        send_segment(0);
        take();
        flow_ = GST_FLOW_OK;
    }

    void change_caps(std::uint8_t value) {
        channels_ = 1 + value % 8;
        format_ = value / 8;
        if (kind_ == Kind::spectra)
            hop_ = value;
        send_caps();
        take();
    }

    void end() {
        gst_harness_push_event(harness_.get(), gst_event_new_eos());
        take();
        flush();
    }

    /// What comes out has times that agree with its size, and numbers where they are to be.
    void take() {
        while (GstBuffer* buffer = gst_harness_try_pull(harness_.get())) {
            require(gst_buffer_get_size(buffer) > 0, "no empty buffer goes out");
            require(GST_BUFFER_OFFSET_IS_VALID(buffer), "each buffer has an offset");
            if (kind_ == Kind::way_back) {
                require(GST_BUFFER_OFFSET_END(buffer) > GST_BUFFER_OFFSET(buffer),
                        "offsets go forward");
                samples_ += GST_BUFFER_OFFSET_END(buffer) - GST_BUFFER_OFFSET(buffer);
            }
            gst_buffer_unref(buffer);
        }
        while (GstEvent* event = gst_harness_try_pull_event(harness_.get()))
            gst_event_unref(event);
        while (GstMessage* message = gst_bus_pop(bus_)) {
            has_error_ = has_error_ || GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
            gst_message_unref(message);
        }
    }

    /// From a last clean run as many samples come back as went in.
    void finish() {
        flush();
        if (kind_ != Kind::way_back || has_error_)
            return;
        send_caps();
        samples_ = 0;
        std::uint64_t sent = 0;
        const std::size_t sample_bytes = sample_size();
        for (const std::size_t frames : {1U, 0U, 100U, 1000U, 17U}) {
            GstBuffer* const buffer =
                gst_buffer_new_allocate(nullptr, frames * channels_ * sample_bytes, nullptr);
            gst_buffer_memset(buffer, 0, 0x11, G_MAXSIZE);
            if (gst_harness_push(harness_.get(), buffer) != GST_FLOW_OK)
                return;
            sent += frames;
        }
        gst_harness_push_event(harness_.get(), gst_event_new_eos());
        take();
        const std::string what = std::to_string(sent) + " samples went in, " +
                                 std::to_string(samples_) + " came back: " + description();
        require(has_error_ || samples_ == sent, what.c_str());
    }

    std::size_t sample_size() const {
        constexpr std::array<std::size_t, 10> kBytes = {4, 2, 2, 3, 4, 8, 1, 4, 4, 1};
        return kBytes[format_ % kBytes.size()];
    }

    std::span<const std::uint8_t> bytes_;
    Kind kind_ = Kind::way_back;
    unsigned fft_size_ = 2;
    unsigned hop_ = 0;
    WindowKind window_ = WindowKind::hann;
    StftScaling scaling_ = StftScaling::none;
    unsigned window_length_ = 0;
    unsigned channels_ = 1;
    bool center_ = true;
    std::uint8_t format_ = 0;
    unsigned beta_ = 0;
    unsigned bands_ = 0;
    unsigned frames_per_buffer_ = 1;

    std::unique_ptr<GstHarness, HarnessTeardown> harness_;
    GstBus* bus_ = nullptr;
    GstClockTime time_ = 0;
    std::uint64_t offset_ = 0;
    std::uint64_t samples_ = 0;
    GstFlowReturn flow_ = GST_FLOW_OK;
    bool has_error_ = false;
};

} // namespace

} // namespace tactus

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    tactus::start_with_simdfft();
    tactus::Program({data, size}).run();
    return 0;
}
