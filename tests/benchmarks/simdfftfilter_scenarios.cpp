// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdfftfilter beside audiofirfilter, both at a low latency: CPU time for an hour of stereo.
#include "allocations.h"
#include "glue/value_array.h"
#include "harness.h"
#include "scenarios.h"

#include <gst/gst.h>

#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace tactus::bench {

namespace {

using Goal = Figure::Goal;

constexpr const char* kPeer = "audiofirfilter";
constexpr const char* kOurs = "simdfftfilter";
constexpr unsigned kRate = 48'000;
constexpr unsigned kChannels = 2;
constexpr std::size_t kBuffers = 16; // made once, used in turns

struct Work {
    unsigned taps = 4097;
    unsigned buffer_frames = 256;
    unsigned latency_frames = 256;
    bool low_latency = false; ///< of ours; the peer has it always
    double seconds = 10;      ///< of audio
};

GValueArray* make_kernel(unsigned count) {
    std::vector<double> taps;
    for (unsigned i = 0; i < count; ++i)
        taps.push_back(std::cos(i * 0.7) * std::exp(-5.0 * i / count) / count);
    return array_from_doubles(taps);
}

GstBuffer* make_audio(unsigned frames, unsigned seed) {
    std::vector<float> samples(std::size_t{frames} * kChannels);
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] = static_cast<float>(std::sin(static_cast<double>(i * (seed + 3)) * 0.01));
    const gsize size = samples.size() * sizeof(float);
    GstBuffer* const buffer = gst_buffer_new_allocate(nullptr, size, nullptr);
    gst_buffer_fill(buffer, 0, samples.data(), size);
    return buffer;
}

/// A filter in PLAYING between a source pad and a counter.
class FilterRig {
  public:
    FilterRig(const char* factory, const Work& work)
        : element_(gst_element_factory_make(factory, nullptr)),
          source_(gst_pad_new("src", GST_PAD_SRC)), counter_("sink"),
          buffer_frames_(work.buffer_frames) {
        if (element_ == nullptr)
            throw std::runtime_error(std::string("no element ") + factory);
        gst_object_ref_sink(element_);
        const bool is_ours = std::strcmp(factory, kOurs) == 0;
        // Before the kernel: in GStreamer 1.22 the peer frees it twice in the other order.
        g_object_set(element_, "low-latency", static_cast<gboolean>(!is_ours || work.low_latency),
                     nullptr);
        GValueArray* const kernel = make_kernel(work.taps);
        g_object_set(element_, "kernel", kernel, nullptr);
        free_array(kernel);
        if (is_ours)
            g_object_set(element_, "latency-frames", work.latency_frames, nullptr);
        link_pad(element_, "sink", source_);
        link_pad(element_, "src", counter_.pad());
        gst_pad_set_active(source_, TRUE);
        gst_element_set_state(element_, GST_STATE_PLAYING);
        begin_stream(source_, stream_caps());
        for (unsigned i = 0; i < kBuffers; ++i)
            buffers_.push_back(make_audio(work.buffer_frames, i));
    }
    ~FilterRig() {
        for (GstBuffer* buffer : buffers_)
            gst_buffer_unref(buffer);
        gst_element_set_state(element_, GST_STATE_NULL);
        gst_pad_set_active(source_, FALSE);
        gst_object_unref(source_);
        gst_object_unref(element_);
    }
    FilterRig(const FilterRig&) = delete;
    FilterRig& operator=(const FilterRig&) = delete;

    void push(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            GstBuffer* const buffer = buffers_[i % kBuffers]; // ours alone again by now
            GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(frames_, GST_SECOND, kRate);
            frames_ += buffer_frames_;
            if (gst_pad_push(source_, gst_buffer_ref(buffer)) != GST_FLOW_OK)
                throw std::runtime_error("the filter refuses a buffer");
        }
    }

  private:
    static GstCaps* stream_caps() {
        return gst_caps_new_simple("audio/x-raw", "format", G_TYPE_STRING,
                                   G_BYTE_ORDER == G_LITTLE_ENDIAN ? "F32LE" : "F32BE", "rate",
                                   G_TYPE_INT, kRate, "channels", G_TYPE_INT, kChannels, "layout",
                                   G_TYPE_STRING, "interleaved", nullptr);
    }

    GstElement* element_;
    GstPad* source_;
    Counter counter_;
    std::vector<GstBuffer*> buffers_;
    std::uint64_t frames_ = 0;
    unsigned buffer_frames_;
};

std::vector<double> cpu_s_per_hour(const char* factory, const Work& work) {
    FilterRig rig(factory, work);
    rig.push(kBuffers);
    const auto count = static_cast<std::uint64_t>(work.seconds * kRate / work.buffer_frames) + 1;
    const std::uint64_t begin = cpu_ns();
    rig.push(count);
    const double spent_s = static_cast<double>(cpu_ns() - begin) * 1e-9;
    const double audio_s = static_cast<double>(count * work.buffer_frames) / kRate;
    return {spent_s / audio_s * 3600};
}

std::vector<double> heap_calls(const char* factory, const Work& work) {
    FilterRig rig(factory, work);
    rig.push(1000);
    const std::uint64_t before = allocations();
    rig.push(1000);
    return {static_cast<double>(allocations() - before) / 1000};
}

Scenario cost(const Options& options, const char* name, Work work, Goal goal, double bound) {
    Work peers = work;
    if (options.quick)
        work.seconds = 1;
    // The peer is slower than real time.
    peers.seconds = options.quick ? 0.02 : 0.2;
    Scenario s;
    s.figures = {{.name = name, .unit = "CPU s/hour", .goal = goal, .bound = bound}};
    s.peer = [=] { return cpu_s_per_hour(kPeer, peers); };
    s.ours = [=] { return cpu_s_per_hour(kOurs, work); };
    return s;
}

Scenario long_response(const Options& options, unsigned taps) {
    Scenario s;
    s.figures = {{.name = std::to_string(taps) + " taps, 5.3 ms", .unit = "CPU s/hour"}};
    const Work work{.taps = taps, .seconds = options.quick ? 1.0 : 10.0};
    s.ours = [=] { return cpu_s_per_hour(kOurs, work); };
    return s;
}

Scenario heap() {
    Scenario s;
    s.once = true;
    s.figures = {{.name = "heap", .unit = "calls/buffer", .goal = Goal::absolute, .bound = 0}};
    s.figures[0].is_exact = true;
    s.ours = [] { return heap_calls(kOurs, {}); };
    return s;
}

} // namespace

std::vector<Scenario> make_scenarios(const Options& options) {
    std::vector<Scenario> scenarios;
    scenarios.push_back(
        cost(options, "4097 taps, 5.3 ms, buffers of 256", {}, Goal::absolute, 2.0));
    scenarios.push_back(cost(options, "4097 taps, 5.3 ms, buffers of 1024", {.buffer_frames = 1024},
                             Goal::absolute, 2.0));
    scenarios.push_back(cost(options, "4097 taps, no latency, buffers of 256",
                             {.low_latency = true}, Goal::none, 0));
    scenarios.push_back(cost(options, "4097 taps, 1.3 ms, buffers of 64",
                             {.buffer_frames = 64, .latency_frames = 64}, Goal::none, 0));
    scenarios.push_back(long_response(options, 48'000));
    scenarios.push_back(long_response(options, 200'000));
    if (can_count_allocations())
        scenarios.push_back(heap());
    return scenarios;
}

} // namespace tactus::bench
