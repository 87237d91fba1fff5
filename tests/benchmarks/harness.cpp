// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness.h"

#include <ctime>
#include <stdexcept>
#include <string>

namespace tactus::bench {

namespace {

constexpr std::size_t kBuffers = 1024;
constexpr gsize kBufferBytes = 64;
constexpr GstClockTime kDurationNs = 1000;

GstElement* make(const char* factory) {
    GstElement* element = gst_element_factory_make(factory, nullptr);
    if (element == nullptr)
        throw std::runtime_error(std::string("no element ") + factory +
                                 "; is GST_PLUGIN_PATH set? (run in `meson devenv`)");
    return element;
}

std::vector<GstBuffer*> make_buffers() {
    std::vector<GstBuffer*> buffers;
    for (std::size_t i = 0; i < kBuffers; ++i) {
        GstBuffer* buffer = gst_buffer_new_allocate(nullptr, kBufferBytes, nullptr);
        GST_BUFFER_PTS(buffer) = i * kDurationNs;
        GST_BUFFER_DURATION(buffer) = kDurationNs;
        buffers.push_back(buffer);
    }
    return buffers;
}

} // namespace

// --- Counter

Counter::Counter(const char* name) : pad_(gst_pad_new(name, GST_PAD_SINK)) {
    gst_pad_set_chain_function_full(pad_, on_chain, this, nullptr);
    gst_pad_set_event_function_full(pad_, on_event, this, nullptr);
    gst_pad_set_active(pad_, TRUE);
}

Counter::~Counter() {
    gst_pad_set_active(pad_, FALSE);
    gst_object_unref(pad_);
}

GstFlowReturn Counter::on_chain(GstPad* pad, GstObject*, GstBuffer* buffer) noexcept {
    auto* self = static_cast<Counter*>(pad->chaindata);
    gst_buffer_unref(buffer);
    if (self->hold_.load(std::memory_order_relaxed))
        self->stay_held();
    if (self->work_ns_ != 0) {
        const std::uint64_t end = now_ns() + self->work_ns_;
        while (now_ns() < end) {
        }
    }
    self->note_arrival();
    return GST_FLOW_OK;
}

void Counter::note_arrival() {
    const std::uint64_t count = count_.load(std::memory_order_relaxed) + 1;
    count_.store(count, std::memory_order_release);
    if (count < target_)
        return;
    const std::lock_guard lock(mutex_);
    reached_ns_ = now_ns();
    target_ = UINT64_MAX;
    changed_.notify_all();
}

void Counter::stay_held() {
    std::unique_lock lock(mutex_);
    is_held_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hold_.load(std::memory_order_relaxed); });
    is_held_ = false;
    released_ns_ = now_ns();
}

gboolean Counter::on_event(GstPad* pad, GstObject*, GstEvent* event) noexcept {
    auto* self = static_cast<Counter*>(pad->eventdata);
    if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) {
        const std::lock_guard lock(self->mutex_);
        self->saw_eos_ = true;
        self->changed_.notify_all();
    }
    gst_event_unref(event);
    return TRUE;
}

void Counter::hold() {
    hold_ = true;
}

void Counter::wait_until_held() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_held_; });
}

std::uint64_t Counter::release(std::uint64_t buffers) {
    std::unique_lock lock(mutex_);
    // The one that is held is not counted yet.
    target_ = count() + 1 + buffers;
    reached_ns_ = 0;
    hold_ = false;
    changed_.notify_all();
    changed_.wait(lock, [this] { return reached_ns_ != 0; });
    return reached_ns_ - released_ns_;
}

void Counter::wait_for_eos() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return saw_eos_; });
}

void link_pad(GstElement* element, const char* name, GstPad* ours) {
    GstPad* theirs = gst_element_get_static_pad(element, name);
    if (gst_pad_get_direction(ours) == GST_PAD_SRC)
        gst_pad_link(ours, theirs);
    else
        gst_pad_link(theirs, ours);
    gst_object_unref(theirs);
}

void begin_stream(GstPad* source, GstCaps* caps) {
    gst_pad_push_event(source, gst_event_new_stream_start("benchmark"));
    if (caps != nullptr) {
        gst_pad_push_event(source, gst_event_new_caps(caps));
        gst_caps_unref(caps);
    }
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(source, gst_event_new_segment(&segment));
}

// --- Rig

void Rig::configure(GstElement* element, const Setup& setup) const {
    g_object_set(element, "max-size-buffers", kLimitBuffers, "max-size-bytes", 0U, "max-size-time",
                 guint64{0}, nullptr);
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "leaky") == nullptr)
        return;
    g_object_set(element, "silent", gboolean{setup.silent}, nullptr);
    gst_util_set_object_arg(G_OBJECT(element), "leaky", setup.leaky);
}

void Rig::attach(GstElement* element, const char* pad_name) {
    sinks_.push_back(std::make_unique<Counter>("sink"));
    GstPad* out = gst_element_get_static_pad(element, pad_name);
    if (out == nullptr)
        out = gst_element_request_pad_simple(element, pad_name);
    gst_pad_link(out, sinks_.back()->pad());
    gst_object_unref(out);
}

void Rig::add_branch(const Setup& setup) {
    if (!setup.queue_per_branch) {
        attach(element_, "src_%u");
        return;
    }
    GstElement* queue = make("queue");
    configure(queue, setup);
    gst_bin_add(GST_BIN(bin_), queue);
    gst_element_link_pads(element_, "src_%u", queue, "sink");
    attach(queue, "src");
}

Rig::Rig(const Setup& setup)
    : bin_(gst_pipeline_new(nullptr)), element_(make(setup.factory)),
      source_(gst_pad_new("src", GST_PAD_SRC)), buffers_(make_buffers()) {
    gst_bin_add(GST_BIN(bin_), element_);
    if (!setup.queue_per_branch)
        configure(element_, setup);
    if (setup.branches == 0)
        attach(element_, "src");
    for (unsigned i = 0; i < setup.branches; ++i)
        add_branch(setup);
    link_pad(element_, "sink", source_);
    gst_pad_set_active(source_, TRUE);
    gst_element_set_state(bin_, GST_STATE_PLAYING);
    begin_stream(source_, nullptr);
}

Rig::~Rig() {
    for (const auto& sink : sinks_)
        gst_pad_set_active(sink->pad(), FALSE);
    gst_element_set_state(bin_, GST_STATE_NULL);
    gst_object_unref(bin_);
    gst_pad_set_active(source_, FALSE);
    gst_object_unref(source_);
    for (GstBuffer* buffer : buffers_)
        gst_buffer_unref(buffer);
}

void Rig::push(std::uint64_t buffers) {
    for (const std::uint64_t end = next_ + buffers; next_ < end; ++next_) {
        const GstFlowReturn flow =
            gst_pad_push(source_, gst_buffer_ref(buffers_[next_ % kBuffers]));
        if (flow != GST_FLOW_OK)
            throw std::runtime_error(std::string("push: ") + gst_flow_get_name(flow));
    }
}

void Rig::push_eos() {
    gst_pad_push_event(source_, gst_event_new_eos());
}

void Rig::finish() {
    push_eos();
    for (const auto& sink : sinks_)
        sink->wait_for_eos();
}

std::string Rig::stats() const {
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(element_), "stats") == nullptr)
        return {};
    GstStructure* stats = nullptr;
    g_object_get(element_, "stats", &stats, nullptr);
    gchar* text = gst_structure_to_string(stats);
    std::string result = text;
    g_free(text);
    gst_structure_free(stats);
    return result;
}

} // namespace tactus::bench
