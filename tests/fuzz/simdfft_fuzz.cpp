// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdfft, simdfftfilter and simdspectrogram with the same audio cut in two ways: as the input
// says, and in one piece from one event to the next. What comes out must be the same. The input is
// a program: thirteen bytes of caps and properties, then commands of two bytes.
#include "core/fft/stft_config.h"
#include "fuzz_support.h"
#include "simdfft_in_program.h"

#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>
#include <gst/gst.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace tactus {

namespace {

struct Command {
    std::uint8_t kind = 0;
    std::uint8_t value = 0;
};

constexpr std::size_t kMostFrames = 3000; // an interval may be one

void give_kernel(GstElement* filter, std::uint8_t taps) {
    std::vector<float> kernel(1 + std::size_t{taps} * 2);
    for (std::size_t n = 0; n < kernel.size(); ++n)
        kernel[n] = static_cast<float>(n * 7 % 5) - 2;
    GBytes* const bytes = g_bytes_new(kernel.data(), kernel.size() * sizeof(float));
    g_object_set(filter, "kernel-bytes", bytes, nullptr);
    g_bytes_unref(bytes);
}

/// What the input asks for.
class Program {
  public:
    enum class Subject : std::uint8_t { messages, stream, filter, pictures };

    explicit Program(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
        format_ = byte();
        const std::uint8_t layout = byte();
        channels = 1 + layout % 6;
        rate_ = byte();
        face_ = byte();
        is_planar = (layout & 128) != 0 && subject() != Subject::filter;
        for (auto& value : settings_)
            value = byte();
        while (!bytes_.empty())
            commands.push_back({byte(), byte()});
    }

    Subject subject() const {
        if (face_ >= 128)
            return face_ % 2 == 0 ? Subject::filter : Subject::pictures;
        return face_ % 2 == 0 ? Subject::messages : Subject::stream;
    }

    const char* factory() const {
        switch (subject()) {
        case Subject::filter:
            return "simdfftfilter";
        case Subject::pictures:
            return "simdspectrogram";
        default:
            return "simdfft";
        }
    }

    std::string caps() const {
        constexpr std::array kFormats = {"F32LE",    "S16LE",    "S16BE", "S24LE", "S24BE",
                                         "S24_32LE", "S24_32BE", "S32LE", "S32BE", "F64LE",
                                         "F64BE",    "F32BE",    "U8",    "S8"};
        constexpr std::array kRates = {48000, 44100, 8000, 1, 192000, 7, 2147483647, 16000};
        constexpr std::array kFiltered = {GST_AUDIO_NE(F32), GST_AUDIO_NE(S16), GST_AUDIO_NE(F64)};
        const char* const format = subject() == Subject::filter
                                       ? kFiltered[format_ % kFiltered.size()]
                                       : kFormats[format_ % kFormats.size()];
        return std::string("audio/x-raw,format=") + format +
               ",rate=" + std::to_string(kRates[rate_ % kRates.size()]) +
               ",channels=" + std::to_string(channels) +
               ",channel-mask=(bitmask)0,layout=" + (is_planar ? "non-interleaved" : "interleaved");
    }

    /// Empty: downstream takes audio.
    std::string sink_caps() const {
        if (subject() == Subject::pictures)
            return "video/x-raw,format=GRAY8,width=32,height=24,framerate=" +
                   std::to_string(1 + face_ / 2 % 4) + "/1";
        if (subject() != Subject::stream)
            return {};
        const auto format = static_cast<StftFormat>(face_ / 2 % kStftFormats);
        return std::string("audio/x-stft,format=(string)") + stft_format_name(format);
    }

    void set_properties(GstElement* element) const {
        const auto& s = settings_;
        if (subject() == Subject::filter) {
            g_object_set(element, "latency-frames", 64U + s[0], "latency", guint64{s[2]},
                         "drain-tail", s[3] & 1, "drain-on-changes", (s[3] & 2) >> 1, nullptr);
            give_kernel(element, s[4]);
            return;
        }
        if (subject() == Subject::pictures) {
            g_object_set(element, "fft-size", 32U + s[0], "hop-size", guint{s[6]}, "window",
                         s[7] % 8, "frequency-scale", s[3] % 4, "span", 0.05 + s[5] * 0.01,
                         "show-scale", FALSE, nullptr);
            return;
        }
        g_object_set(element, "bands", 2U + s[0] + 4U * s[1], "interval",
                     guint64{1U + s[2] * 300'000U}, "multi-channel", s[3] & 1, "message-phase",
                     (s[3] & 2) >> 1, "message-format", (s[3] & 4) >> 2, "threshold", -s[4],
                     nullptr);
        g_object_set(element, "fft-size", 2U + s[0] + 4U * s[1], "window-length", s[5] * 2U,
                     "hop-size", guint{s[6]}, "window", s[7] % 8, "center", s[7] >> 7,
                     "frames-per-buffer", 1U + s[8] % 4, "band-count", s[8] >> 4,
                     "smoothing-release", guint64{s[4] * 1'000'000U}, nullptr);
    }

    /// While audio flows.
    void change(GstElement* element, std::uint8_t value) const {
        if (subject() == Subject::filter)
            give_kernel(element, value);
        else if (subject() == Subject::pictures)
            g_object_set(element, "fft-size", 32U + value, nullptr);
        else
            g_object_set(element, "bands", 2U + value, "fft-size", 4U + value, nullptr);
    }

    std::vector<Command> commands;
    unsigned channels = 1;
    bool is_planar = false;

  private:
    std::uint8_t byte() { return take_byte(bytes_); }

    std::span<const std::uint8_t> bytes_;
    std::uint8_t format_ = 0;
    std::uint8_t rate_ = 0;
    std::uint8_t face_ = 0;
    std::array<std::uint8_t, 9> settings_{};
};

/// All that came out, without the times of messages: those are of the buffers as they came.
using Output = std::vector<std::vector<float>>;

class Run {
  public:
    Run(const Program& program, bool in_one_piece)
        : program_(program), in_one_piece_(in_one_piece),
          harness_(gst_harness_new(program.factory())), bus_(gst_bus_new()) {
        gst_element_set_bus(harness_->element, bus_);
        program.set_properties(harness_->element);
        if (const std::string caps = program.sink_caps(); !caps.empty())
            gst_harness_set_sink_caps_str(harness_, caps.c_str());
        GstCaps* const caps = gst_caps_from_string(program.caps().c_str());
        gst_audio_info_from_caps(&info_, caps);
        gst_harness_set_src_caps(harness_, caps);
    }
    ~Run() {
        gst_element_set_bus(harness_->element, nullptr);
        gst_harness_teardown(harness_);
        gst_bus_set_flushing(bus_, TRUE);
        gst_object_unref(bus_);
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    Output run() {
        for (const Command& command : program_.commands) {
            if (command.kind < 220) {
                const std::size_t wanted = command.value * (command.kind % 8U);
                const std::size_t frames = std::min(wanted, kMostFrames - frames_ - waiting_);
                waiting_ += frames;
                if (!in_one_piece_)
                    push();
                continue;
            }
            push();
            event(command);
        }
        push();
        gst_harness_push_event(harness_, gst_event_new_eos());
        take();
        return std::move(output_);
    }

  private:
    void event(const Command& command) {
        if (command.kind < 232) {
            discont_ = true;
        } else if (command.kind < 240) {
            gst_harness_push_event(harness_, gst_event_new_gap(time(), GST_MSECOND));
        } else if (command.kind < 246) {
            gst_harness_push_event(harness_, gst_event_new_flush_start());
            gst_harness_push_event(harness_, gst_event_new_flush_stop(TRUE));
            GstSegment segment;
            gst_segment_init(&segment, GST_FORMAT_TIME);
            gst_harness_push_event(harness_, gst_event_new_segment(&segment));
        } else {
            program_.change(harness_->element, command.value);
            push_buffer(); // empty: it takes effect with a buffer, so there must be one in any case
        }
        take();
    }

    GstClockTime time() const { return gst_util_uint64_scale(frames_, GST_SECOND, 48000); }

    /// The bytes of a frame depend on its number alone.
    GstBuffer* make_buffer(std::size_t frames) const {
        const auto sample = static_cast<std::size_t>(GST_AUDIO_INFO_WIDTH(&info_) / 8);
        const std::size_t channels = program_.channels;
        GstBuffer* const buffer =
            gst_buffer_new_allocate(nullptr, frames * channels * sample, nullptr);
        GstMapInfo map;
        gst_buffer_map(buffer, &map, GST_MAP_WRITE);
        for (std::size_t f = 0; f < frames; ++f) {
            for (std::size_t c = 0; c < channels; ++c) {
                std::uint64_t bits = ((frames_ + f) * channels + c + 1) * 0x9e3779b97f4a7c15U;
                bits ^= bits >> 29;
                const std::size_t at = program_.is_planar ? c * frames + f : f * channels + c;
                std::memcpy(map.data + at * sample, &bits, sample);
            }
        }
        gst_buffer_unmap(buffer, &map);
        if (program_.is_planar)
            gst_buffer_add_audio_meta(buffer, &info_, frames, nullptr);
        return buffer;
    }

    void push() {
        if (!in_one_piece_ || waiting_ > 0)
            push_buffer();
    }

    void push_buffer() {
        GstBuffer* const buffer = make_buffer(waiting_);
        GST_BUFFER_PTS(buffer) = GST_CLOCK_TIME_NONE; // so that none jumps
        if (discont_ && waiting_ > 0) {
            GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
            discont_ = false;
        }
        frames_ += waiting_;
        waiting_ = 0;
        gst_harness_push(harness_, buffer);
        take();
    }

    void add(const float* values, std::size_t count) {
        output_.emplace_back(values, values + count);
    }

    void take_values(const GValue* value) {
        if (value == nullptr)
            return;
        if (G_VALUE_HOLDS(value, G_TYPE_BYTES)) {
            gsize size = 0;
            const void* const data =
                g_bytes_get_data(static_cast<GBytes*>(g_value_get_boxed(value)), &size);
            add(static_cast<const float*>(data), size / sizeof(float));
        } else if (GST_VALUE_HOLDS_LIST(value)) {
            output_.emplace_back();
            for (guint i = 0; i < gst_value_list_get_size(value); ++i)
                output_.back().push_back(g_value_get_float(gst_value_list_get_value(value, i)));
        } else { // of channels
            for (guint c = 0; c < gst_value_array_get_size(value); ++c) {
                const GValue* const channel = gst_value_array_get_value(value, c);
                output_.emplace_back();
                for (guint i = 0; i < gst_value_array_get_size(channel); ++i)
                    output_.back().push_back(
                        g_value_get_float(gst_value_array_get_value(channel, i)));
            }
        }
    }

    void take_bytes(std::span<const std::uint8_t> bytes, float offset) {
        switch (program_.subject()) {
        case Program::Subject::messages: // the audio as it came
            break;
        case Program::Subject::stream:
            add(reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float));
            add(&offset, 1);
            break;
        case Program::Subject::filter: // in other buffers
            if (output_.empty())
                output_.emplace_back();
            output_.front().insert(output_.front().end(), bytes.begin(), bytes.end());
            break;
        case Program::Subject::pictures:
            output_.emplace_back(bytes.begin(), bytes.end());
            add(&offset, 1);
            break;
        }
    }

    void take() {
        while (GstMessage* message = gst_bus_pop(bus_)) {
            const GstStructure* const structure = gst_message_get_structure(message);
            if (structure != nullptr && gst_structure_has_name(structure, "spectrum")) {
                take_values(gst_structure_get_value(structure, "magnitude"));
                take_values(gst_structure_get_value(structure, "phase"));
            }
            gst_message_unref(message);
        }
        while (GstBuffer* buffer = gst_harness_try_pull(harness_)) {
            GstMapInfo map;
            gst_buffer_map(buffer, &map, GST_MAP_READ);
            take_bytes({map.data, map.size}, static_cast<float>(GST_BUFFER_OFFSET(buffer) % 4096));
            gst_buffer_unmap(buffer, &map);
            gst_buffer_unref(buffer);
        }
    }

    const Program& program_;
    bool in_one_piece_;
    GstHarness* harness_;
    GstBus* bus_;
    GstAudioInfo info_;
    std::size_t waiting_ = 0; ///< frames that are not pushed yet
    std::uint64_t frames_ = 0;
    bool discont_ = false;
    Output output_;
};

bool is_same(float a, float b) {
    return a == b || (a != a && b != b);
}

void require_same(const Output& a, const Output& b) {
    require(a.size() == b.size(), "as much comes out, however the audio is cut");
    for (std::size_t i = 0; i < a.size(); ++i) {
        require(a[i].size() == b[i].size(), "spectra are as long, however the audio is cut");
        for (std::size_t k = 0; k < a[i].size(); ++k) {
            if (is_same(a[i][k], b[i][k]))
                continue;
            std::fprintf(stderr, "spectrum %zu, number %zu: %g and %g\n", i, k, a[i][k], b[i][k]);
            require(false, "numbers are the same, however the audio is cut");
        }
    }
}

} // namespace

} // namespace tactus

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    tactus::start_with_simdfft();
    // Each command may be a buffer of some thousand bytes.
    const tactus::Program program({data, std::min<std::size_t>(size, 140)});
    tactus::require_same(tactus::Run(program, false).run(), tactus::Run(program, true).run());
    return 0;
}
