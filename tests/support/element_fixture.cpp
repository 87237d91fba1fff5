// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "element_fixture.h"

#include "pad_caps.h"

#include <cstring>
#include <sstream>

namespace tactus {

namespace {

// A pad without a template would accept no caps but its first.
GstStaticPadTemplate any_sink =
    GST_STATIC_PAD_TEMPLATE("downstream", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

QueueUnderTest* fixture_of(GstPad* pad) {
    return static_cast<QueueUnderTest*>(gst_pad_get_element_private(pad));
}

} // namespace

QueueUnderTest::QueueUnderTest(const char* factory)
    : element_(gst_element_factory_make(factory, nullptr)), bus_(gst_bus_new()) {
    if (element_ == nullptr)
        g_error("no element %s: is the plugin path right?", factory);
    gst_object_ref_sink(element_);
    gst_element_set_bus(element_, bus_);
    has_levels_ = g_object_class_find_property(G_OBJECT_GET_CLASS(element_),
                                               "current-level-buffers") != nullptr;
    sink_pad_ = gst_element_get_static_pad(element_, "sink");
    src_pad_ = gst_element_get_static_pad(element_, "src");
    upstream_ = GST_PAD(gst_object_ref_sink(gst_pad_new("upstream", GST_PAD_SRC)));
    downstream_ =
        GST_PAD(gst_object_ref_sink(gst_pad_new_from_static_template(&any_sink, "downstream")));
    for (GstPad* pad : {upstream_, downstream_})
        gst_pad_set_element_private(pad, this);
    gst_pad_set_event_function(upstream_, source_event);
    gst_pad_set_query_function(upstream_, source_query);
    gst_pad_set_chain_function(downstream_, sink_chain);
    gst_pad_set_chain_list_function(downstream_, sink_chain_list);
    gst_pad_set_event_function(downstream_, sink_event);
    gst_pad_set_query_function(downstream_, sink_query);
    gst_pad_link(upstream_, sink_pad_);
    gst_pad_link(src_pad_, downstream_);
}

QueueUnderTest::~QueueUnderTest() {
    shut_down();
    gst_pad_set_active(upstream_, FALSE);
    gst_pad_set_active(downstream_, FALSE);
    for (std::thread& thread : threads_)
        thread.join();
    gst_pad_unlink(upstream_, sink_pad_);
    gst_pad_unlink(src_pad_, downstream_);
    for (GstPad* pad : {sink_pad_, src_pad_, upstream_, downstream_})
        gst_object_unref(pad);
    gst_bus_set_flushing(bus_, TRUE);
    gst_element_set_bus(element_, nullptr);
    gst_object_unref(bus_);
    EXPECT_EQ(GST_OBJECT_REFCOUNT_VALUE(element_), 1) << "somebody still owns the element";
    gst_object_unref(element_);
}

void QueueUnderTest::shut_down() {
    answer_with(GST_FLOW_FLUSHING);
    release();
    gst_element_set_state(element_, GST_STATE_NULL);
}

// --- upstream

void QueueUnderTest::play() {
    gst_pad_set_active(downstream_, TRUE);
    gst_pad_set_active(upstream_, TRUE);
    EXPECT_EQ(gst_element_set_state(element_, GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
}

void QueueUnderTest::play_stream() {
    play();
    EXPECT_TRUE(send(gst_event_new_stream_start("stream")));
    EXPECT_TRUE(send(make_caps("test/first")));
    EXPECT_TRUE(send(make_segment()));
    EXPECT_TRUE(wait_for("event segment"));
}

GstFlowReturn QueueUnderTest::push(GstBuffer* buffer) {
    return gst_pad_push(upstream_, buffer);
}

GstFlowReturn QueueUnderTest::push(GstBufferList* list) {
    return gst_pad_push_list(upstream_, list);
}

GstFlowReturn QueueUnderTest::push(guint64 sequence) {
    return push(make_buffer(sequence));
}

GstFlowReturn QueueUnderTest::push_range(guint64 first, guint64 last) {
    GstFlowReturn flow = GST_FLOW_OK;
    for (guint64 i = first; i <= last && flow == GST_FLOW_OK; ++i)
        flow = push(i);
    return flow;
}

GstFlowReturn QueueUnderTest::push_until_refused() {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    GstFlowReturn flow = GST_FLOW_OK;
    while (flow == GST_FLOW_OK && std::chrono::steady_clock::now() < give_up) {
        flow = push(std::uint64_t{9999});
        std::this_thread::yield();
    }
    return flow;
}

bool QueueUnderTest::send(GstEvent* event) {
    return gst_pad_push_event(upstream_, event) != FALSE;
}

bool QueueUnderTest::ask(GstQuery* query) {
    const bool answer = gst_pad_peer_query(upstream_, query) != FALSE;
    gst_query_unref(query);
    return answer;
}

// --- downstream

void QueueUnderTest::hold(unsigned what) {
    const std::lock_guard lock(mutex_);
    holding_ = what;
    changed_.notify_all();
}

void QueueUnderTest::step() {
    const std::lock_guard lock(mutex_);
    ++steps_;
    held_ = false;
    changed_.notify_all();
}

void QueueUnderTest::release() {
    const std::lock_guard lock(mutex_);
    holding_ = 0;
    changed_.notify_all();
}

void QueueUnderTest::answer_with(GstFlowReturn flow) {
    const std::lock_guard lock(mutex_);
    flow_ = flow;
}

void QueueUnderTest::answer_queries_with(bool answer) {
    const std::lock_guard lock(mutex_);
    query_answer_ = answer;
}

void QueueUnderTest::on_upstream_query(std::function<bool(GstQuery*)> handler) {
    const std::lock_guard lock(mutex_);
    upstream_query_ = std::move(handler);
}

GstFlowReturn QueueUnderTest::arrive(Arrival arrival, Holdable kind) {
    arrival.caps = caps_text_of(downstream_);
    if (has_levels_) {
        arrival.level = level_buffers();
        arrival.level_time = level_time();
    }
    std::unique_lock lock(mutex_);
    arrivals_.push_back(std::move(arrival));
    if ((holding_ & kind) != 0 && !flushing_) {
        held_ = true;
        changed_.notify_all();
        changed_.wait(lock, [&] { return (holding_ & kind) == 0 || flushing_ || steps_ > 0; });
        held_ = false;
        if (steps_ > 0)
            --steps_;
    }
    changed_.notify_all();
    return flushing_ ? GST_FLOW_FLUSHING : flow_;
}

GstFlowReturn QueueUnderTest::sink_chain(GstPad* pad, GstObject*, GstBuffer* buffer) {
    Arrival arrival;
    arrival.sequence = GST_BUFFER_OFFSET(buffer);
    arrival.flags = static_cast<GstBufferFlags>(GST_BUFFER_FLAGS(buffer));
    arrival.what = "buffer " + std::to_string(arrival.sequence);
    gst_buffer_unref(buffer);
    return fixture_of(pad)->arrive(std::move(arrival), kBuffers);
}

GstFlowReturn QueueUnderTest::sink_chain_list(GstPad* pad, GstObject*, GstBufferList* list) {
    Arrival arrival;
    GstBuffer* first = gst_buffer_list_get(list, 0);
    arrival.sequence = GST_BUFFER_OFFSET(first);
    arrival.flags = static_cast<GstBufferFlags>(GST_BUFFER_FLAGS(first));
    arrival.what = "list " + std::to_string(arrival.sequence) + "+" +
                   std::to_string(gst_buffer_list_length(list));
    gst_buffer_list_unref(list);
    return fixture_of(pad)->arrive(std::move(arrival), kBuffers);
}

gboolean QueueUnderTest::sink_event(GstPad* pad, GstObject*, GstEvent* event) {
    QueueUnderTest* self = fixture_of(pad);
    const GstEventType type = GST_EVENT_TYPE(event);
    if (type == GST_EVENT_FLUSH_START || type == GST_EVENT_FLUSH_STOP) {
        const std::lock_guard lock(self->mutex_);
        self->flushing_ = type == GST_EVENT_FLUSH_START;
        self->changed_.notify_all();
    }
    Arrival arrival;
    arrival.what = std::string("event ") + GST_EVENT_TYPE_NAME(event);
    self->arrive(std::move(arrival), kEvents);
    gst_event_unref(event);
    return TRUE;
}

gboolean QueueUnderTest::sink_query(GstPad* pad, GstObject* parent, GstQuery* query) {
    QueueUnderTest* self = fixture_of(pad);
    if (!GST_QUERY_IS_SERIALIZED(query))
        return gst_pad_query_default(pad, parent, query);
    Arrival arrival;
    arrival.what = std::string("query ") + GST_QUERY_TYPE_NAME(query);
    self->arrive(std::move(arrival), kQueries);
    const std::lock_guard lock(self->mutex_);
    return self->query_answer_ ? TRUE : FALSE;
}

gboolean QueueUnderTest::source_event(GstPad* pad, GstObject*, GstEvent* event) {
    QueueUnderTest* self = fixture_of(pad);
    const std::lock_guard lock(self->mutex_);
    self->upstream_events_.emplace_back(GST_EVENT_TYPE_NAME(event));
    self->changed_.notify_all();
    gst_event_unref(event);
    return TRUE;
}

gboolean QueueUnderTest::source_query(GstPad* pad, GstObject* parent, GstQuery* query) {
    QueueUnderTest* self = fixture_of(pad);
    std::function<bool(GstQuery*)> handler;
    {
        const std::lock_guard lock(self->mutex_);
        handler = self->upstream_query_;
    }
    if (handler && handler(query))
        return TRUE;
    return gst_pad_query_default(pad, parent, query);
}

// --- what there is to see

template <typename Predicate>
bool QueueUnderTest::wait(Predicate predicate) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, predicate);
}

std::vector<Arrival> QueueUnderTest::arrival_records() {
    const std::lock_guard lock(mutex_);
    return arrivals_;
}

std::vector<std::string> QueueUnderTest::arrivals() {
    std::vector<std::string> names;
    for (const Arrival& arrival : arrival_records())
        names.push_back(arrival.what);
    return names;
}

std::vector<std::string> QueueUnderTest::buffers_arrived() {
    std::vector<std::string> names;
    for (const std::string& what : arrivals())
        if (what.rfind("buffer", 0) == 0 || what.rfind("list", 0) == 0)
            names.push_back(what);
    return names;
}

std::vector<std::string> QueueUnderTest::upstream_events() {
    const std::lock_guard lock(mutex_);
    return upstream_events_;
}

bool QueueUnderTest::wait_for(const std::string& what, std::size_t times) {
    return wait([&] {
        std::size_t seen = 0;
        for (const Arrival& arrival : arrivals_)
            seen += arrival.what == what ? 1 : 0;
        return seen >= times;
    });
}

bool QueueUnderTest::wait_for_upstream_event(const std::string& name) {
    return wait([&] {
        for (const std::string& seen : upstream_events_)
            if (seen == name)
                return true;
        return false;
    });
}

bool QueueUnderTest::wait_held() {
    return wait([this] { return held_; });
}

bool QueueUnderTest::wait_task_rests() {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (gst_pad_get_task_state(src_pad_) != GST_TASK_PAUSED) {
        if (std::chrono::steady_clock::now() > give_up)
            return false;
        std::this_thread::yield();
    }
    return true;
}

GstMessage* QueueUnderTest::pop(GstMessageType type) {
    return gst_bus_pop_filtered(bus_, type);
}

bool QueueUnderTest::has_error() {
    GstMessage* message = pop(GST_MESSAGE_ERROR);
    if (message != nullptr)
        gst_message_unref(message);
    return message != nullptr;
}

bool QueueUnderTest::keeps_sticky(GstEventType type) {
    GstEvent* event = gst_pad_get_sticky_event(src_pad_, type, 0);
    if (event != nullptr)
        gst_event_unref(event);
    return event != nullptr;
}

// --- signals

SignalProbe::SignalProbe(QueueUnderTest& queue, const char* signal, std::function<void()> handler)
    : queue_(queue), handler_(std::move(handler)) {
    id_ = g_signal_connect_swapped(queue_.element(), signal, G_CALLBACK(emitted), this);
}

SignalProbe::~SignalProbe() {
    queue_.shut_down();
    g_signal_handler_disconnect(queue_.element(), id_);
}

void SignalProbe::emitted(SignalProbe* self) {
    if (self->handler_)
        self->handler_();
    const std::lock_guard lock(self->mutex_);
    ++self->count_;
    self->changed_.notify_all();
}

unsigned SignalProbe::count() {
    const std::lock_guard lock(mutex_);
    return count_;
}

bool SignalProbe::wait_count(unsigned at_least) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return count_ >= at_least; });
}

// --- makers

GstBuffer* make_buffer(guint64 sequence, gsize size, GstClockTime pts, GstClockTime duration) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, size, nullptr);
    GST_BUFFER_OFFSET(buffer) = sequence;
    GST_BUFFER_PTS(buffer) = pts;
    GST_BUFFER_DURATION(buffer) = duration;
    return buffer;
}

GstBufferList* make_list(guint64 first, guint length) {
    GstBufferList* list = gst_buffer_list_new_sized(length);
    for (guint i = 0; i < length; ++i)
        gst_buffer_list_add(list, make_buffer(first + i));
    return list;
}

void set_properties(GstElement* element, const char* properties) {
    std::stringstream words(properties);
    std::string word;
    while (words >> word) {
        const auto equals = word.find('=');
        gst_util_set_object_arg(G_OBJECT(element), word.substr(0, equals).c_str(),
                                word.substr(equals + 1).c_str());
    }
}

GstEvent* make_segment(GstFormat format) {
    GstSegment segment;
    gst_segment_init(&segment, format);
    return gst_event_new_segment(&segment);
}

GstEvent* make_tag(const char* title) {
    return gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, title, nullptr));
}

GstEvent* make_caps(const char* caps_text) {
    GstCaps* caps = gst_caps_from_string(caps_text);
    GstEvent* event = gst_event_new_caps(caps);
    gst_caps_unref(caps);
    return event;
}

GstEvent* make_custom() {
    return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty("test"));
}

} // namespace tactus
