// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Takes steady noise out of a recording: between simdfft and simdifft a pad probe turns down what
// is not louder than the noise, in each bin of the spectrum on its own.
//
//     noise-gate IN.wav OUT.wav
//
// The noise is learnt from the recording itself: speech leaves each bin alone for moments, so the
// quiet quarter of the last second says how strong the noise is there.
#include <gst/gst.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace {

constexpr std::size_t kMemory = 96; // frames of 256 samples: half a second at 48 kHz
constexpr float kOverNoise = 4.0F;  // as much louder than the noise is kept (power)
constexpr float kLeastGain = 0.05F; // -26 dB of the noise stay
constexpr float kRelease = 0.7F;    // what a gain keeps of the last one when it falls

/// The gate of one channel.
class Gate {
  public:
    explicit Gate(std::size_t bins) : bins_(bins) {}

    /// One frame: real and imaginary part of each bin.
    void process(float* points) {
        const std::size_t slot = frame_++ % kMemory;
        for (std::size_t k = 0; k < bins_.size(); ++k) {
            Bin& bin = bins_[k];
            const float power =
                points[2 * k] * points[2 * k] + points[2 * k + 1] * points[2 * k + 1];
            bin.smooth += 0.3F * (power - bin.smooth);
            bin.history[slot] = bin.smooth;
            const float gain = gain_of(bin);
            bin.gain = std::max(gain, kRelease * bin.gain);
            points[2 * k] *= bin.gain;
            points[2 * k + 1] *= bin.gain;
        }
    }

  private:
    struct Bin {
        std::array<float, kMemory> history{};
        float smooth = 0;
        float gain = kLeastGain;
    };

    float gain_of(const Bin& bin) const {
        auto seen = bin.history;
        const std::size_t count = std::min(frame_, kMemory);
        const auto quiet = seen.begin() + static_cast<std::ptrdiff_t>(count / 4);
        std::nth_element(seen.begin(), quiet, seen.begin() + static_cast<std::ptrdiff_t>(count));
        const float noise = *quiet * kOverNoise;
        if (bin.smooth <= noise)
            return kLeastGain;
        return std::max(kLeastGain, std::sqrt(1 - noise / bin.smooth));
    }

    std::vector<Bin> bins_;
    std::size_t frame_ = 0;
};

/// What the probe knows: the sizes from the caps, and a gate for each channel.
struct NoiseGate {
    std::size_t bins = 0;
    std::vector<Gate> gates;
};

void read_caps(NoiseGate& state, GstEvent* event) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(event, &caps);
    const GstStructure* structure = gst_caps_get_structure(caps, 0);
    gint fft_size = 0;
    gint channels = 0;
    gst_structure_get_int(structure, "fft-size", &fft_size);
    gst_structure_get_int(structure, "channels", &channels);
    state.bins = static_cast<std::size_t>(fft_size) / 2 + 1;
    state.gates.assign(static_cast<std::size_t>(channels), Gate(state.bins));
}

/// A buffer holds frames, a frame its channels, and a channel its bins.
void process(NoiseGate& state, GstBuffer* buffer) {
    GstMapInfo map;
    if (state.gates.empty() || !gst_buffer_map(buffer, &map, GST_MAP_READWRITE))
        return;
    auto* points = reinterpret_cast<float*>(map.data);
    const std::size_t channel_floats = 2 * state.bins;
    const std::size_t frame_floats = channel_floats * state.gates.size();
    for (std::size_t left = map.size / sizeof(float); left >= frame_floats; left -= frame_floats)
        for (Gate& gate : state.gates) {
            gate.process(points);
            points += channel_floats;
        }
    gst_buffer_unmap(buffer, &map);
}

GstPadProbeReturn on_spectra(GstPad*, GstPadProbeInfo* info, gpointer user_data) {
    auto& state = *static_cast<NoiseGate*>(user_data);
    if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
        GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
        process(state, buffer);
        GST_PAD_PROBE_INFO_DATA(info) = buffer;
    } else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_CAPS) {
        read_caps(state, GST_PAD_PROBE_INFO_EVENT(info));
    }
    return GST_PAD_PROBE_OK;
}

/// Runs until the end; true if there was no error.
bool run(GstElement* pipeline) {
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus* bus = gst_element_get_bus(pipeline);
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, GST_CLOCK_TIME_NONE, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    const bool ended = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
    if (!ended) {
        GError* error = nullptr;
        gst_message_parse_error(message, &error, nullptr);
        std::fprintf(stderr, "noise-gate: %s\n", error->message);
        g_error_free(error);
    }
    gst_message_unref(message);
    gst_object_unref(bus);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    return ended;
}

} // namespace

int main(int argc, char** argv) {
    gst_init(&argc, &argv);
    if (argc != 3) {
        std::fprintf(stderr, "usage: noise-gate IN.wav OUT.wav\n");
        return 2;
    }
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(
        "filesrc name=in ! wavparse ! audioconvert ! simdfft fft-size=1024 hop-size=256 ! "
        "simdifft name=back ! audioconvert ! audio/x-raw,format=S16LE ! wavenc ! filesink name=out",
        &error);
    if (error != nullptr) {
        std::fprintf(stderr, "noise-gate: %s\n", error->message);
        g_error_free(error);
        return 1;
    }
    for (const auto& [name, location] : {std::pair{"in", argv[1]}, {"out", argv[2]}}) {
        GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline), name);
        g_object_set(element, "location", location, nullptr);
        gst_object_unref(element);
    }
    NoiseGate state;
    GstElement* back = gst_bin_get_by_name(GST_BIN(pipeline), "back");
    GstPad* pad = gst_element_get_static_pad(back, "sink");
    gst_pad_add_probe(pad,
                      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                   GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
                      on_spectra, &state, nullptr);
    gst_object_unref(pad);
    gst_object_unref(back);
    const bool fine = run(pipeline);
    gst_object_unref(pipeline);
    return fine ? 0 : 1;
}
