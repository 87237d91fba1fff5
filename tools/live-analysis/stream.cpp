// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stream.h"

#include "interrupt.h"
#include "user_error.h"

#include <chrono>

namespace tactus::live {

namespace {

using std::chrono::steady_clock;

// For the first frame; even a large file on a slow disk is under way by then.
constexpr std::chrono::seconds kPrepareLimit{15};

// The formats whose first plane is brightness, one byte per pixel. A decoder that makes one of
// them, and nearly all do, costs no conversion.
constexpr const char* kLumaCaps =
    "video/x-raw, format=(string){ I420, YV12, NV12, NV21, Y42B, Y444, GRAY8 }";

std::size_t frames_expected(const StreamConfig& config) {
    return static_cast<std::size_t>(config.fps_in) * config.seconds;
}

} // namespace

Stream::Stream(const StreamConfig& config, const Workload& workload)
    : config_(config), camera_(config.fps_in, frames_expected(config)),
      analyser_(workload, camera_, frames_expected(config)),
      pipeline_(GST_ELEMENT_CAST(gst_object_ref_sink(gst_pipeline_new(nullptr)))),
      bus_(gst_element_get_bus(pipeline_.get())) {
    build();
    configure_decoder();
    configure_queue();
    camera_.attach(luma_filter_);
    analyser_.attach(pipeline_.get(), sink_);
}

Stream::~Stream() {
    close();
}

GstElement* Stream::add(const std::string& factory) {
    ElementHandle element = make_element(factory);
    GstElement* const added = element.get(); // stays: the bin takes a reference of its own
    gst_bin_add(GST_BIN_CAST(pipeline_.get()), added);
    return added;
}

void Stream::build() {
    source_ = add("filesrc");
    decoder_ = add("decodebin");
    convert_ = add("videoconvert");
    luma_filter_ = add("capsfilter");
    pacer_ = add("clocksync");
    queue_ = add(std::string(config_.variant.factory));
    sink_ = add("fakesink");

    g_object_set(source_, "location", config_.video_path.c_str(), nullptr);
    const CapsHandle caps(gst_caps_from_string(kLumaCaps));
    g_object_set(luma_filter_, "caps", caps.get(), nullptr);
    // No preroll: clocksync holds the first frame until the clock runs.
    g_object_set(sink_, "sync", FALSE, "async", FALSE, nullptr);

    if (!gst_element_link(source_, decoder_) ||
        !gst_element_link_many(convert_, luma_filter_, pacer_, queue_, sink_, nullptr))
        throw UserError("the elements cannot be linked; is '" +
                        std::string(config_.variant.factory) + "' a queue?");
}

void Stream::configure_queue() {
    // One limit that counts: frames. Bytes and time would make it depend on the size of the video.
    g_object_set(queue_, "max-size-buffers", config_.depth_frames, "max-size-bytes", 0U,
                 "max-size-time", G_GUINT64_CONSTANT(0), nullptr);
    gst_util_set_object_arg(G_OBJECT(queue_), "leaky", std::string(config_.variant.leaky).c_str());
}

void Stream::play() {
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
}

void Stream::stop() {
    if (camera_seconds_ > 0)
        return;
    camera_.stop();
    const GstClockTime running_ns = gst_element_get_current_running_time(pipeline_.get());
    // The last frame is one period short of the end, and nobody looked at that very moment.
    camera_seconds_ = camera_.frames() == frames_expected(config_)
                          ? config_.seconds
                          : static_cast<double>(running_ns) / GST_SECOND;
    // Waits for the frame under way, behind which this has to queue up; a queue that never takes
    // it would hang us, hence not in this thread.
    const auto end_stream = [](GstElement* pacer, gpointer) {
        const PadHandle pad(gst_element_get_static_pad(pacer, "sink"));
        gst_pad_send_event(pad.get(), gst_event_new_eos());
    };
    gst_element_call_async(pacer_, end_stream, nullptr, nullptr);
}

void Stream::close() {
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

void Stream::prepare() {
    const auto give_up = steady_clock::now() + kPrepareLimit;
    gst_element_set_state(pipeline_.get(), GST_STATE_PAUSED); // a failure comes by the bus
    while (!ready_) {
        throw_if_interrupted();
        if (steady_clock::now() > give_up)
            throw UserError("'" + config_.video_path + "' gave no frame within " +
                            std::to_string(kPrepareLimit.count()) + " s; give another video");
        const MessageHandle message(gst_bus_timed_pop(bus_.get(), 50 * GST_MSECOND));
        if (message)
            handle(message.get());
    }
}

void Stream::poll() {
    while (const MessageHandle message{gst_bus_pop(bus_.get())})
        handle(message.get());
    if (camera_.stopped())
        stop();
}

void Stream::handle(GstMessage* message) {
    switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
        fail(message);
    case GST_MESSAGE_EOS:
        finished_ = true;
        break;
    case GST_MESSAGE_APPLICATION:
        handle_application(*gst_message_get_structure(message));
        break;
    default:
        break;
    }
}

void Stream::handle_application(const GstStructure& what) {
    if (gst_structure_has_name(&what, "camera-ready")) {
        ready_ = true;
    } else if (gst_structure_has_name(&what, "camera-ended")) {
        ended_early_ = true;
        stop();
    } else if (gst_structure_has_name(&what, "camera-empty") ||
               gst_structure_has_name(&what, "no-video")) {
        fail_without_video();
    }
}

std::optional<std::uint64_t> Stream::reported_drops() const {
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(queue_), "stats") == nullptr)
        return std::nullopt;
    GstStructure* stats = nullptr;
    g_object_get(queue_, "stats", &stats, nullptr);
    const StructureHandle owner(stats);
    guint64 dropped = 0;
    if (stats == nullptr || !gst_structure_get_uint64(stats, "buffers-dropped", &dropped))
        return std::nullopt;
    return dropped;
}

} // namespace tactus::live
