// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// vkcompute beside vulkanupload ! vulkanshaderspv ! vulkandownload: frames from host memory to host
// memory, whole pipelines.
#include "machine.h"
#include "scenarios.h"

#include <gst/gst.h>
#include <gst/video/video.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace tactus::bench {

namespace {

using Goal = Figure::Goal;

struct Size {
    int width;
    int height;
};
constexpr Size kFullHd{1920, 1080};
constexpr Size k4K{3840, 2160};
constexpr std::size_t kPreparedFrames = 6;
constexpr std::uint64_t kWarmUpFrames = 4;

/// Where the frames that are pushed lie.
enum class Memory {
    plain,   ///< what gst_buffer_new_allocate gives
    pages,   ///< whole pages of their own
    proposed ///< what vkcompute offers upstream
};

struct Unref {
    void operator()(void* object) const { gst_object_unref(object); }
};

/// A pipeline between a source pad and a sink pad of our own, fed with the same few frames again
/// and again.
class Chain {
  public:
    Chain(const std::string& line, const char* format, Size size, Memory memory) {
        GError* error = nullptr;
        GstElement* bin = gst_parse_bin_from_description(line.c_str(), TRUE, &error);
        if (error != nullptr) {
            const std::string text = error->message;
            g_clear_error(&error);
            throw std::runtime_error(text);
        }
        pipeline_.reset(gst_pipeline_new(nullptr));
        GstElement* sink = gst_element_factory_make("fakesink", nullptr);
        g_object_set(sink, "sync", FALSE, "async", FALSE, nullptr);
        gst_bin_add_many(GST_BIN(pipeline_.get()), bin, sink, nullptr);
        gst_element_link(bin, sink);
        source_.reset(gst_object_ref_sink(gst_pad_new("src", GST_PAD_SRC)));
        GstPad* in = gst_element_get_static_pad(bin, "sink");
        gst_pad_link(source(), in);
        gst_object_unref(in);
        start(format, size, memory);
    }
    ~Chain() {
        for (GstBuffer* frame : frames_)
            gst_buffer_unref(frame);
        gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
        gst_pad_set_active(source(), FALSE);
    }
    Chain(const Chain&) = delete;
    Chain& operator=(const Chain&) = delete;

    /// ns from the first push to the moment at which the last frame has come out.
    std::uint64_t run_ns(std::uint64_t frames) {
        const std::uint64_t begin = now_ns();
        for (std::uint64_t i = 0; i < frames; ++i) {
            GstBuffer* frame = gst_buffer_copy(frames_[next_++ % frames_.size()]);
            const GstFlowReturn flow = gst_pad_push(source(), frame);
            if (flow != GST_FLOW_OK)
                throw std::runtime_error(std::string("push: ") + gst_flow_get_name(flow) +
                                         complaint());
        }
        drain();
        return now_ns() - begin;
    }

    struct Pace {
        double blocked_ms; ///< of a push, the median
        double frame_ms;   ///< from frame to frame
    };
    /// Frames that take `producer_ns` each to come by; `waits`: each push is not done before its
    /// frame has come out.
    Pace paced(std::uint64_t frames, std::uint64_t producer_ns, bool waits) {
        std::vector<double> blocked_ms;
        const std::uint64_t begin = now_ns();
        for (std::uint64_t i = 0; i < frames; ++i) {
            std::this_thread::sleep_for(std::chrono::nanoseconds(producer_ns));
            const std::uint64_t before = now_ns();
            if (gst_pad_push(source(), gst_buffer_copy(frames_[next_++ % frames_.size()])) !=
                GST_FLOW_OK)
                throw std::runtime_error("push" + complaint());
            if (waits)
                drain();
            blocked_ms.push_back(static_cast<double>(now_ns() - before) / 1e6);
        }
        drain();
        const double all_ms = static_cast<double>(now_ns() - begin) / 1e6;
        const auto middle = blocked_ms.begin() + static_cast<std::ptrdiff_t>(frames / 2);
        std::nth_element(blocked_ms.begin(), middle, blocked_ms.end());
        return {*middle, all_ms / static_cast<double>(frames)};
    }
    /// Rounds of the shader's loop, its first float uniform.
    void set_load(double rounds) {
        GstIterator* elements = gst_bin_iterate_recurse(GST_BIN(pipeline_.get()));
        const auto set = [](const GValue* item, gpointer value) {
            GObject* element = G_OBJECT(g_value_get_object(item));
            if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "u0") != nullptr)
                g_object_set(element, "u0", *static_cast<double*>(value), nullptr);
        };
        gst_iterator_foreach(elements, set, &rounds);
        gst_iterator_free(elements);
    }

  private:
    void drain() const {
        GstQuery* query = gst_query_new_drain();
        gst_pad_peer_query(source(), query);
        gst_query_unref(query);
    }

    GstPad* source() const { return static_cast<GstPad*>(source_.get()); }

    std::string complaint() const {
        GstBus* bus = gst_element_get_bus(pipeline_.get());
        GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
        gst_object_unref(bus);
        if (message == nullptr)
            return {};
        GError* error = nullptr;
        gst_message_parse_error(message, &error, nullptr);
        std::string text = std::string(": ") + error->message;
        g_error_free(error);
        gst_message_unref(message);
        return text;
    }

    void start(const char* format, Size size, Memory memory) {
        gst_pad_set_active(source(), TRUE);
        if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
            throw std::runtime_error("cannot play" + complaint());
        gst_pad_push_event(source(), gst_event_new_stream_start("benchmark"));
        GstVideoInfo info;
        gst_video_info_set_format(&info, gst_video_format_from_string(format),
                                  static_cast<guint>(size.width), static_cast<guint>(size.height));
        info.fps_n = 60;
        GstCaps* caps = gst_video_info_to_caps(&info);
        if (!gst_pad_push_event(source(), gst_event_new_caps(caps)))
            throw std::runtime_error("caps are refused" + complaint());
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        gst_pad_push_event(source(), gst_event_new_segment(&segment));
        make_frames(caps, info.size, memory);
        gst_caps_unref(caps);
        run_ns(kWarmUpFrames);
    }

    void make_frames(GstCaps* caps, gsize bytes, Memory memory) {
        GstAllocator* allocator = nullptr;
        GstQuery* query = gst_query_new_allocation(caps, FALSE);
        if (memory == Memory::proposed && gst_pad_peer_query(source(), query) &&
            gst_query_get_n_allocation_params(query) > 0)
            gst_query_parse_nth_allocation_param(query, 0, &allocator, nullptr);
        gst_query_unref(query);
        for (std::size_t i = 0; i < kPreparedFrames; ++i) {
            GstBuffer* frame = memory == Memory::pages
                                   ? page_frame(bytes)
                                   : gst_buffer_new_allocate(allocator, bytes, nullptr);
            gst_buffer_memset(frame, 0, static_cast<guint8>(40 + i), bytes);
            frames_.push_back(frame);
        }
        if (allocator != nullptr)
            gst_object_unref(allocator);
    }

    static GstBuffer* page_frame(gsize bytes) {
        const gsize whole = (bytes + 4095) / 4096 * 4096;
        void* pages = nullptr;
        if (posix_memalign(&pages, 4096, whole) != 0)
            throw std::bad_alloc();
        return gst_buffer_new_wrapped_full(static_cast<GstMemoryFlags>(0), pages, whole, 0, bytes,
                                           pages, std::free);
    }

    std::unique_ptr<GstElement, Unref> pipeline_;
    std::unique_ptr<void, Unref> source_;
    std::vector<GstBuffer*> frames_;
    std::uint64_t next_ = 0;
};

std::string peer_line(const std::string& shader) {
    const char* folder = std::getenv("TACTUS_PEER_SHADERS");
    return "vulkanupload ! vulkanshaderspv fragment-location=" +
           std::string(folder != nullptr ? folder : ".") + "/" + shader + ".spv ! vulkandownload";
}

std::string our_line(const std::string& shader) {
    return "vkcompute shader=" + shader;
}

bool has_peer() {
    GstElementFactory* found = gst_element_factory_find("vulkanshaderspv");
    if (found == nullptr)
        return false;
    gst_object_unref(found);
    return true;
}

/// ms per frame, of a chain that is made once.
std::function<std::vector<double>()> timed(const std::string& line, const char* format, Size size,
                                           Memory memory, std::uint64_t frames) {
    auto chain = std::make_shared<std::unique_ptr<Chain>>();
    return [=] {
        if (!*chain)
            *chain = std::make_unique<Chain>(line, format, size, memory);
        return std::vector<double>{static_cast<double>((*chain)->run_ns(frames)) / 1e6 /
                                   static_cast<double>(frames)};
    };
}

Scenario against_peer(const std::string& shader, const char* name, Size size, Memory memory,
                      double bound, std::uint64_t frames) {
    Scenario s;
    s.figures = {{.name = name, .unit = "ms/frame", .goal = Goal::share, .bound = bound}};
    if (has_peer())
        s.peer = timed(peer_line(shader), "BGRA", size, Memory::plain, frames);
    else
        std::fprintf(stderr, "no vulkanshaderspv here: %s has no peer\n", name);
    s.ours = timed(our_line(shader), "BGRA", size, memory, frames);
    return s;
}

Scenario against_copies(const char* name, Memory memory, double bound, std::uint64_t frames) {
    Scenario s;
    s.figures = {{.name = name, .unit = "ms/frame", .goal = Goal::share, .bound = bound}};
    s.peer = timed(our_line("invert"), "RGBA", kFullHd, Memory::plain, frames);
    s.ours = timed(our_line("invert"), "RGBA", kFullHd, memory, frames);
    return s;
}

// An invert of words that first goes round a loop, so that it takes as long as one wants.
constexpr const char* kLoaded = R"(vkcompute in-flight=3 workgroup=64 shader="
#include \"tactus/planes.glsl\"
TACTUS_WORKGROUP;
layout(push_constant) uniform U { float rounds; };
void main() {
    const uint byte = (gl_GlobalInvocationID.y * tactus.in_size.x + gl_GlobalInvocationID.x) * 4u;
    uint word = tactus_in_word(0u, byte);
    for (float i = 0.0; i < rounds; i += 1.0)
        word = word * 1664525u + 1013904223u;
    tactus_out_word(0u, byte, ~word);
}
")";
constexpr std::uint64_t kProducerNs = 12'000'000;
constexpr double kWaitMs = 17.2; ///< for a frame that nothing is ahead of

/// So many rounds of the loop that one frame takes kWaitMs.
void calibrate(Chain& chain) {
    double rounds = 8;
    for (int step = 0; step < 6; ++step) {
        chain.set_load(rounds);
        const double spent_ms = chain.paced(9, kProducerNs, true).blocked_ms;
        rounds = std::max(1.0, rounds * kWaitMs / spent_ms);
    }
    chain.set_load(rounds);
}

/// A streaming thread that waits for each frame, against one that keeps three in flight.
Scenario against_waiting(std::uint64_t frames) {
    Scenario s;
    s.figures = {
        {.name = "thread blocked, producer 12 ms, shader 17 ms",
         .unit = "ms/frame",
         .goal = Goal::absolute,
         .bound = 4},
        {.name = "throughput of the same", .unit = "ms/frame", .goal = Goal::speedup, .bound = 1.5},
        {.name = "the same, frames there at once", .unit = "ms/frame"}};
    auto chain = std::make_shared<std::unique_ptr<Chain>>();
    const auto run = [=](bool waits) {
        if (!*chain)
            *chain = std::make_unique<Chain>(kLoaded, "RGBA", kFullHd, Memory::proposed);
        if (waits) // as long as the machine is as busy as it is now
            calibrate(**chain);
        const Chain::Pace pace = (*chain)->paced(frames, kProducerNs, waits);
        const double at_once_ms = (*chain)->paced(frames, 0, waits).frame_ms;
        return std::vector<double>{pace.blocked_ms, pace.frame_ms, at_once_ms};
    };
    s.peer = [=] { return run(true); };
    s.ours = [=] { return run(false); };
    return s;
}

} // namespace

std::vector<Scenario> make_scenarios(const Options& options) {
    const std::uint64_t frames = options.quick ? 10 : 60;
    const std::uint64_t few = options.quick ? 5 : 120;
    return {
        against_peer("invert", "invert, 1080p", kFullHd, Memory::plain, 0.6, frames),
        against_peer("invert", "invert, 1080p, proposed memory", kFullHd, Memory::proposed, 0.6,
                     frames),
        against_peer("sobel", "sobel, 1080p", kFullHd, Memory::plain, 0.9, frames),
        against_peer("gaussian", "5x5 gaussian, 1080p", kFullHd, Memory::plain, 0.9, frames),
        against_copies("invert, 1080p, import against staged", Memory::pages, 0.8, frames),
        against_copies("invert, 1080p, proposed against staged", Memory::proposed, 0.8, frames),
        against_waiting(frames),
        against_peer("invert", "invert, 4K, host to host", k4K, Memory::proposed, 1.0 / 3, few),
    };
}

} // namespace tactus::bench
