// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdfft beside spectrum: CPU time for an hour of audio at 48 kHz, 1024 bands every 10 ms. Audio
// comes from buffers that are made before, in the thread that measures; messages are dropped where
// they are posted.
#include "allocations.h"
#include "harness.h"
#include "scenarios.h"

#include <gst/gst.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace tactus::bench {

namespace {

using Goal = Figure::Goal;

constexpr unsigned kRateHz = 48000;
constexpr std::size_t kBufferFrames = 1024;
constexpr std::size_t kBuffers = 64;
constexpr double kSecondsAnHour = 3600;

struct Job {
    const char* factory = "spectrum";
    const char* properties = ""; ///< "name=value …"
    const char* sink_caps = nullptr;
    unsigned channels = 2;
    std::size_t held_messages = 0; ///< how far the application lags
    float loudness = 0;            ///< 0: whole numbers; else floats up to this
};

/// An element in PLAYING, fed with noise.
class Analyser {
  public:
    explicit Analyser(const Job& job)
        : element_(gst_element_factory_make(job.factory, nullptr)),
          source_(gst_pad_new("src", GST_PAD_SRC)), sink_("sink"), bus_(gst_bus_new()),
          held_(job.held_messages) {
        if (element_ == nullptr)
            throw std::runtime_error(std::string("no element ") + job.factory);
        gst_object_ref_sink(element_);
        set_properties(job.properties);
        gst_bus_set_sync_handler(bus_, on_message, this, nullptr);
        gst_element_set_bus(element_, bus_);
        link_pad(element_, "sink", source_);
        link_pad(element_, "src", sink_.pad());
        if (job.sink_caps != nullptr)
            limit_sink(job.sink_caps);
        gst_pad_set_active(source_, TRUE);
        gst_element_set_state(element_, GST_STATE_PLAYING);
        begin_stream(source_, caps_of(job));
        make_buffers(job);
    }
    ~Analyser() {
        gst_element_set_state(element_, GST_STATE_NULL);
        gst_pad_set_active(source_, FALSE);
        for (GstBuffer* buffer : buffers_)
            gst_buffer_unref(buffer);
        gst_element_set_bus(element_, nullptr);
        for (GstMessage* message : held_)
            g_clear_pointer(&message, gst_message_unref);
        gst_object_unref(bus_);
        gst_object_unref(source_);
        gst_object_unref(element_);
    }
    Analyser(const Analyser&) = delete;
    Analyser& operator=(const Analyser&) = delete;

    /// Pushes so many buffers.
    void push(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i)
            gst_pad_push(source_, gst_buffer_ref(buffers_[next_++ % buffers_.size()]));
    }
    std::uint64_t messages() const { return messages_; }
    std::uint64_t frames_out() const { return sink_.count(); }

  private:
    void set_properties(const std::string& words) {
        for (std::size_t at = 0; at < words.size();) {
            const std::size_t end = std::min(words.find(' ', at), words.size());
            const std::string word = words.substr(at, end - at);
            const std::size_t equals = word.find('=');
            gst_util_set_object_arg(G_OBJECT(element_), word.substr(0, equals).c_str(),
                                    word.substr(equals + 1).c_str());
            at = end + 1;
        }
    }

    /// Downstream takes these caps alone.
    void limit_sink(const char* caps) {
        sink_caps_ = caps;
        g_object_set_data(G_OBJECT(sink_.pad()), "caps", const_cast<char*>(sink_caps_.c_str()));
        gst_pad_set_query_function(sink_.pad(), on_query);
    }

    static gboolean on_query(GstPad* pad, GstObject* parent, GstQuery* query) noexcept {
        if (GST_QUERY_TYPE(query) != GST_QUERY_CAPS)
            return gst_pad_query_default(pad, parent, query);
        GstCaps* caps = gst_caps_from_string(
            static_cast<const char*>(g_object_get_data(G_OBJECT(pad), "caps")));
        gst_query_set_caps_result(query, caps);
        gst_caps_unref(caps);
        return TRUE;
    }

    static GstBusSyncReply on_message(GstBus*, GstMessage* message, gpointer data) noexcept {
        auto* const self = static_cast<Analyser*>(data);
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT)
            ++self->messages_;
        if (!self->held_.empty())
            std::swap(message, self->held_[self->messages_ % self->held_.size()]);
        if (message != nullptr)
            gst_message_unref(message);
        return GST_BUS_DROP;
    }

    static GstCaps* caps_of(const Job& job) {
        return gst_caps_new_simple(
            "audio/x-raw", "format", G_TYPE_STRING, job.loudness > 0 ? "F32LE" : "S16LE", "rate",
            G_TYPE_INT, static_cast<gint>(kRateHz), "channels", G_TYPE_INT,
            static_cast<gint>(job.channels), "layout", G_TYPE_STRING, "interleaved", "channel-mask",
            GST_TYPE_BITMASK, guint64{job.channels > 2 ? 0U : 3U}, nullptr);
    }

    void make_buffers(const Job& job) {
        std::mt19937 random(1);
        std::uniform_int_distribution<int> whole(-8000, 8000);
        std::uniform_real_distribution<float> real(-job.loudness, job.loudness);
        for (std::size_t i = 0; i < kBuffers; ++i) {
            const std::size_t samples = kBufferFrames * job.channels;
            if (job.loudness > 0)
                add_buffer<float>(samples, [&] { return real(random); });
            else
                add_buffer<std::int16_t>(samples,
                                         [&] { return static_cast<std::int16_t>(whole(random)); });
        }
    }

    /// Without a time, so that none jumps.
    template <typename Sample, typename Next>
    void add_buffer(std::size_t count, const Next& next) {
        std::vector<Sample> samples(count);
        std::generate(samples.begin(), samples.end(), next);
        const gsize size = count * sizeof(Sample);
        buffers_.push_back(gst_buffer_new_allocate(nullptr, size, nullptr));
        gst_buffer_fill(buffers_.back(), 0, samples.data(), size);
    }

    GstElement* element_;
    GstPad* source_;
    Counter sink_;
    GstBus* bus_;
    std::string sink_caps_;
    std::vector<GstBuffer*> buffers_;
    std::vector<GstMessage*> held_;
    std::uint64_t next_ = 0;
    std::uint64_t messages_ = 0;
};

std::uint64_t buffers_for(double seconds) {
    return static_cast<std::uint64_t>(seconds * kRateHz / kBufferFrames);
}

/// CPU seconds for an hour of audio.
double cpu_s_per_hour(const Job& job, double seconds) {
    Analyser analyser(job);
    analyser.push(buffers_for(1)); // what is done once
    const std::uint64_t before_messages = analyser.messages();
    const std::uint64_t count = buffers_for(seconds);
    const std::uint64_t begin_ns = cpu_ns();
    analyser.push(count);
    const std::uint64_t spent_ns = cpu_ns() - begin_ns;
    if (analyser.messages() == before_messages && job.sink_caps == nullptr)
        throw std::runtime_error(std::string(job.factory) + " posts no messages");
    const double audio_s = static_cast<double>(count * kBufferFrames) / kRateHz;
    return static_cast<double>(spent_ns) * 1e-9 / audio_s * kSecondsAnHour;
}

/// Heap allocations for each message, or each frame of a stream.
double allocations_per_hop(const Job& job) {
    Analyser analyser(job);
    analyser.push(buffers_for(2));
    const auto hops = [&] {
        return job.sink_caps != nullptr ? analyser.frames_out() : analyser.messages();
    };
    const std::uint64_t before_hops = hops();
    const std::uint64_t before = allocations();
    analyser.push(buffers_for(10));
    return static_cast<double>(allocations() - before) / static_cast<double>(hops() - before_hops);
}

constexpr const char* kMessages = "bands=1024 interval=10000000";
constexpr const char* kAllChannels = "bands=1024 interval=10000000 multi-channel=true";
constexpr const char* kStream = "fft-size=2048 hop-size=480 window=hamming scaling=unitary";
constexpr const char* kDecibels = "audio/x-stft,format=(string)db-f32";
constexpr const char* kComplex = "audio/x-stft,format=(string)complex-f32";

Scenario compare(const char* name, const Job& peer, const Job& ours, double bound,
                 const Options& options) {
    // So that both take about as long.
    const double seconds = (options.quick ? 0.5 : 5) * 2 / peer.channels;
    const double more = options.quick ? 1 : 6;
    Scenario s;
    s.figures = {{.name = name,
                  .unit = "CPU s/h",
                  .goal = bound > 0 ? Goal::speedup : Goal::none,
                  .bound = bound}};
    s.peer = [=] { return std::vector<double>{cpu_s_per_hour(peer, seconds)}; };
    s.ours = [=] { return std::vector<double>{cpu_s_per_hour(ours, seconds * more)}; };
    return s;
}

Scenario count_allocations(const char* name, const Job& peer, const Job& ours, bool none_allowed) {
    Scenario s;
    s.figures = {{.name = name,
                  .unit = "per hop",
                  .goal = none_allowed ? Goal::absolute : Goal::none,
                  .is_exact = none_allowed}};
    s.peer = [=] { return std::vector<double>{allocations_per_hop(peer)}; };
    s.ours = [=] { return std::vector<double>{allocations_per_hop(ours)}; };
    s.once = true;
    return s;
}

} // namespace

std::vector<Scenario> make_scenarios(const Options& options) {
    const Job spectrum{.properties = kMessages};
    const Job spectrum_16{.properties = kAllChannels, .channels = 16};
    const Job lists{.factory = "simdfft", .properties = kMessages};
    const Job lagging{.factory = "simdfft", .properties = kMessages, .held_messages = 100};
    const Job bytes{.factory = "simdfft",
                    .properties = "bands=1024 interval=10000000 message-format=bytes"};
    const Job decibels{.factory = "simdfft", .properties = kStream, .sink_caps = kDecibels};
    const Job complex{.factory = "simdfft", .properties = kStream, .sink_caps = kComplex};
    const Job lists_16{.factory = "simdfft", .properties = kAllChannels, .channels = 16};

    std::vector<Scenario> scenarios;
    // 46 s for spectrum against 11, 2.5 and (16 channels) 839 against 60.
    scenarios.push_back(compare("lists", spectrum, lists, 46 / 11.0, options));
    scenarios.push_back(compare("lists, application lags", spectrum, lagging, 0, options));
    scenarios.push_back(compare("bytes", spectrum, bytes, 46 / 2.5, options));
    scenarios.push_back(compare("stream, stereo, dB", spectrum, decibels, 46 / 2.5, options));
    scenarios.push_back(compare("stream, stereo, complex", spectrum, complex, 46 / 2.5, options));
    scenarios.push_back(compare("lists, 16 channels", spectrum_16, lists_16, 839 / 60.0, options));
    // Ours beside ours: audio that is all denormal numbers costs no more than loud audio.
    Job loud = bytes;
    loud.loudness = 0.5F;
    Job faint = bytes;
    faint.loudness = 1e-40F;
    scenarios.push_back(compare("loud / denormal, bytes", loud, faint, 0.9, options));
    Job loud_stream = decibels;
    loud_stream.loudness = 0.5F;
    Job faint_stream = decibels;
    faint_stream.loudness = 1e-40F;
    scenarios.push_back(
        compare("loud / denormal, stream", loud_stream, faint_stream, 0.9, options));
    if (!can_count_allocations())
        return scenarios;
    scenarios.push_back(count_allocations("allocations, lists", spectrum, lists, false));
    scenarios.push_back(count_allocations("allocations, bytes", spectrum, bytes, false));
    scenarios.push_back(count_allocations("allocations, stream", spectrum, complex, true));
    return scenarios;
}

} // namespace tactus::bench
