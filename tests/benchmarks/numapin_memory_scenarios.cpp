// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frame memory of numapin beside that of GStreamer: page faults, copies, and what it costs to get a
// frame and give it back. Frames are 8K NV12, above the 32 MiB from which malloc maps anew each
// time.
#include "machine.h"
#include "scenarios.h"

#include <gst/gst.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace tactus::bench {

namespace {

using Goal = Figure::Goal;

constexpr gsize kFrameBytes = gsize{7680} * 4320 * 3 / 2;
constexpr unsigned kWarmUpFrames = 14;
constexpr unsigned kCountedFrames = 12;

// --- page faults of a pipeline

long minor_faults() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/// Counts the faults of the whole process while frames are steady: after the warm-up, before EOS.
struct FaultCount {
    unsigned frames = 0;
    long begin = 0;
    long end = 0;

    static GstPadProbeReturn on_buffer(GstPad*, GstPadProbeInfo*, gpointer user) {
        auto* self = static_cast<FaultCount*>(user);
        ++self->frames;
        if (self->frames == kWarmUpFrames)
            self->begin = minor_faults();
        if (self->frames == kWarmUpFrames + kCountedFrames)
            self->end = minor_faults();
        return GST_PAD_PROBE_OK;
    }
};

/// A file that is all zeroes and takes no memory.
class ZeroFile {
  public:
    ZeroFile() : file_(memfd_create("frames", MFD_CLOEXEC)) {
        constexpr unsigned kAfter = 10; // those that are in flight when the count ends
        if (file_ < 0 ||
            ftruncate(file_, kFrameBytes * (kWarmUpFrames + kCountedFrames + kAfter)) != 0)
            throw std::runtime_error("no file in memory");
    }
    ~ZeroFile() { close(file_); }
    ZeroFile(const ZeroFile&) = delete;
    ZeroFile& operator=(const ZeroFile&) = delete;
    std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

  private:
    int file_;
};

std::vector<double> faults_per_frame(const std::string& numapin) {
    const ZeroFile file;
    const std::string launch =
        "filesrc location=" + file.path() + " ! " + numapin +
        "rawvideoparse format=nv12 width=7680 height=4320 ! queue name=q max-size-buffers=8 "
        "max-size-bytes=0 max-size-time=0 min-threshold-buffers=7 ! fakesink";
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(launch.c_str(), &error);
    if (error != nullptr)
        throw std::runtime_error(error->message);
    FaultCount count;
    GstElement* queue = gst_bin_get_by_name(GST_BIN(pipeline), "q");
    GstPad* pad = gst_element_get_static_pad(queue, "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, FaultCount::on_buffer, &count, nullptr);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus* bus = gst_element_get_bus(pipeline);
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, GST_CLOCK_TIME_NONE, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    const bool failed = GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
    gst_message_unref(message);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    for (gpointer object : {gpointer(pad), gpointer(queue), gpointer(bus), gpointer(pipeline)})
        gst_object_unref(object);
    if (failed || count.frames < kWarmUpFrames + kCountedFrames)
        throw std::runtime_error("the pipeline failed: " + launch);
    return {static_cast<double>(count.end - count.begin) / kCountedFrames};
}

// --- one frame at a time

/// The allocator that a numapin offers.
class Numapin {
  public:
    explicit Numapin(const char* huge_pages = "off")
        : element_(gst_element_factory_make("numapin", nullptr)) {
        if (element_ == nullptr)
            throw std::runtime_error("no element numapin");
        gst_object_ref_sink(element_);
        gst_util_set_object_arg(G_OBJECT(element_), "huge-pages", huge_pages);
        gst_element_set_state(element_, GST_STATE_PAUSED);
        GstPad* pad = gst_element_get_static_pad(element_, "sink");
        GstQuery* query = gst_query_new_allocation(nullptr, TRUE);
        if (gst_pad_query(pad, query) && gst_query_get_n_allocation_params(query) > 0)
            gst_query_parse_nth_allocation_param(query, 0, &allocator_, nullptr);
        gst_query_unref(query);
        gst_object_unref(pad);
        if (allocator_ == nullptr)
            throw std::runtime_error("numapin offers no allocator");
    }
    ~Numapin() {
        gst_object_unref(allocator_);
        gst_element_set_state(element_, GST_STATE_NULL);
        gst_object_unref(element_);
    }
    Numapin(const Numapin&) = delete;
    Numapin& operator=(const Numapin&) = delete;
    GstAllocator* allocator() const { return allocator_; }

  private:
    GstElement* element_;
    GstAllocator* allocator_ = nullptr;
};

/// Milliseconds to get a frame, copy into it and let it go. Null: GStreamer's own allocator.
std::vector<double> copy_ms(const Options& options, GstAllocator* allocator,
                            const std::vector<guint8>& source) {
    const unsigned frames = options.quick ? 3 : 12;
    std::uint64_t begin = 0;
    for (unsigned i = 0; i <= frames; ++i) {
        if (i == 1)
            begin = now_ns();
        GstBuffer* frame = gst_buffer_new_allocate(allocator, kFrameBytes, nullptr);
        gst_buffer_fill(frame, 0, source.data(), kFrameBytes);
        gst_buffer_unref(frame);
    }
    return {static_cast<double>(now_ns() - begin) / (1e6 * frames)};
}

double allocator_ns(const Options& options, GstAllocator* allocator) {
    const unsigned turns = options.quick ? 20'000 : 200'000;
    gst_memory_unref(gst_allocator_alloc(allocator, kFrameBytes, nullptr));
    const std::uint64_t begin = now_ns();
    for (unsigned i = 0; i < turns; ++i)
        gst_memory_unref(gst_allocator_alloc(allocator, kFrameBytes, nullptr));
    return static_cast<double>(now_ns() - begin) / turns;
}

double pool_ns(const Options& options) {
    const unsigned turns = options.quick ? 20'000 : 200'000;
    GstBufferPool* pool = gst_buffer_pool_new();
    GstStructure* config = gst_buffer_pool_get_config(pool);
    gst_buffer_pool_config_set_params(config, nullptr, kFrameBytes, 1, 0);
    gst_buffer_pool_set_config(pool, config);
    gst_buffer_pool_set_active(pool, TRUE);
    const std::uint64_t begin = now_ns();
    for (unsigned i = 0; i < turns; ++i) {
        GstBuffer* buffer = nullptr;
        gst_buffer_pool_acquire_buffer(pool, &buffer, nullptr);
        gst_buffer_unref(buffer);
    }
    const std::uint64_t end = now_ns();
    gst_buffer_pool_set_active(pool, FALSE);
    gst_object_unref(pool);
    return static_cast<double>(end - begin) / turns;
}

// --- what is compared with what

Scenario faults() {
    Scenario s;
    s.once = true;
    s.figures = {{"page faults, 8K, 8 in flight", "faults/frame", Goal::absolute, 0.0}};
    s.figures[0].is_exact = true;
    s.peer = [] { return faults_per_frame(""); };
    s.ours = [] { return faults_per_frame("numapin process-default=true ! "); };
    return s;
}

Scenario copy(const Options& options, const char* huge_pages) {
    Scenario s;
    std::string name = "copy to a new 8K frame, ";
    name += huge_pages;
    s.figures = {{name, "ms", Goal::speedup, 3.0}};
    const std::vector<guint8> source(kFrameBytes, 1);
    s.peer = [=] { return copy_ms(options, nullptr, source); };
    s.ours = [=] {
        const Numapin numapin(huge_pages);
        return copy_ms(options, numapin.allocator(), source);
    };
    return s;
}

Scenario acquire(const Options& options) {
    Scenario s;
    s.figures = {{"acquire and release", "ns"},
                 {"allocator less GstBufferPool", "ns", Goal::absolute, 100.0}};
    s.peer = [=] { return std::vector<double>{pool_ns(options), 0}; };
    s.ours = [=] {
        const Numapin numapin;
        const double pool = pool_ns(options);
        const double ours = allocator_ns(options, numapin.allocator());
        return std::vector<double>{ours, ours - pool};
    };
    return s;
}

} // namespace

std::vector<Scenario> make_scenarios(const Options& options) {
    return {faults(), copy(options, "off"), copy(options, "thp"), acquire(options)};
}

} // namespace tactus::bench
