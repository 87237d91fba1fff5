// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#define GST_USE_UNSTABLE_API // tracers have been called that since 1.8
#include "traced_pipeline.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <set>
#include <string_view>
#include <thread>

namespace tactus::traced {

namespace {

std::uint64_t count_in(const GstStructure* structure, const char* field) {
    guint64 value = 0;
    EXPECT_TRUE(gst_structure_get_uint64(structure, field, &value)) << "no field " << field;
    return value;
}

std::string text_in(const GstStructure* structure, const char* field) {
    const gchar* text = gst_structure_get_string(structure, field);
    EXPECT_NE(text, nullptr) << "no field " << field;
    return text != nullptr ? text : "";
}

Quantiles quantiles_in(const GstStructure* structure, const std::string& prefix) {
    const auto get = [&](const char* which) {
        return count_in(structure, (prefix + which).c_str());
    };
    return {get("-p50"), get("-p99"), get("-p999"), get("-max")};
}

template <typename Read>
void for_each_in(const GstStructure* stats, const char* list, Read read) {
    const GValue* values = gst_structure_get_value(stats, list);
    ASSERT_NE(values, nullptr) << "no list " << list;
    for (guint i = 0; i < gst_value_list_get_size(values); ++i)
        read(gst_value_get_structure(gst_value_list_get_value(values, i)));
}

PathFigures read_path(const GstStructure* s) {
    PathFigures path;
    path.source = text_in(s, "source");
    path.sink = text_in(s, "sink");
    path.buffers = count_in(s, "buffers");
    path.inferred = count_in(s, "inferred");
    path.latency = quantiles_in(s, "latency");
    path.newest = quantiles_in(s, "newest");
    return path;
}

ElementFigures read_element(const GstStructure* s) {
    ElementFigures element;
    element.path = text_in(s, "path");
    element.factory = text_in(s, "factory");
    element.in = count_in(s, "buffers-in");
    element.out = count_in(s, "buffers-out");
    element.inside = count_in(s, "inside");
    element.dropped = count_in(s, "dropped");
    element.duplicated = count_in(s, "duplicated");
    element.inferred = count_in(s, "inferred");
    element.reorder_depth_max = count_in(s, "reorder-depth-max");
    gboolean queues = FALSE;
    EXPECT_TRUE(gst_structure_get_boolean(s, "queues", &queues));
    element.queues = queues != FALSE;
    element.residence = quantiles_in(s, "residence");
    element.self = quantiles_in(s, "self");
    element.sync_wait = quantiles_in(s, "sync-wait");
    return element;
}

} // namespace

std::uint64_t monotonic_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * GST_SECOND +
           static_cast<std::uint64_t>(t.tv_nsec);
}

std::string first_missing(std::initializer_list<const char*> elements) {
    for (const char* name : elements) {
        GstElementFactory* factory = gst_element_factory_find(name);
        if (factory == nullptr)
            return name;
        gst_object_unref(factory);
    }
    return "";
}

GstElement* make(const char* factory, const char* name) {
    GstElement* element = gst_element_factory_make(factory, name);
    if (element == nullptr)
        g_error("no element %s: is the plugin path right?", factory);
    return element;
}

// --- what clockcalib says

Figures::Figures(const GstStructure* stats) {
    gchar* text = gst_structure_to_string(stats);
    text_ = text;
    g_free(text);
    records_lost_ = count_in(stats, "records-lost");
    for_each_in(stats, "paths", [&](const GstStructure* s) { paths_.push_back(read_path(s)); });
    for_each_in(stats, "elements",
                [&](const GstStructure* s) { elements_.push_back(read_element(s)); });
}

PathFigures Figures::path(const std::string& source, const std::string& sink) const {
    for (const PathFigures& path : paths_)
        if (path.source == source && path.sink == sink)
            return path;
    return {};
}

ElementFigures Figures::element(const std::string& path) const {
    for (const ElementFigures& element : elements_)
        if (element.path == path)
            return element;
    return {};
}

GstObject* find_tracer() {
    GstObject* found = nullptr;
    GList* tracers = gst_tracing_get_active_tracers();
    for (GList* node = tracers; node != nullptr; node = node->next)
        if (std::strcmp(G_OBJECT_TYPE_NAME(node->data), "GstClockcalib") == 0 && found == nullptr)
            found = GST_OBJECT(gst_object_ref(node->data));
    g_list_free_full(tracers, gst_object_unref);
    return found;
}

void reset_figures() {
    GstObject* tracer = find_tracer();
    ASSERT_NE(tracer, nullptr) << "GST_TRACERS does not name clockcalib, or it was not found";
    g_signal_emit_by_name(tracer, "reset");
    gst_object_unref(tracer);
}

Figures take_figures() {
    GstObject* tracer = find_tracer();
    GstStructure* stats = nullptr;
    if (tracer != nullptr) {
        g_signal_emit_by_name(tracer, "get-stats", &stats);
        gst_object_unref(tracer);
    }
    if (stats == nullptr)
        g_error("no figures: GST_TRACERS does not name clockcalib");
    Figures figures(stats);
    gst_structure_free(stats);
    return figures;
}

// --- the truth

namespace {

struct Watches {
    std::mutex mutex;
    std::map<GstPad*, Watch*> by_pad;
};

Watches& all_watches() {
    static auto* const watches = new Watches;
    return *watches;
}

/// A hook's stamp in CLOCK_MONOTONIC. GStreamer counts from a moment of its own; the hook runs a
/// little later than the stamp is taken, or much later on a busy machine, so the least difference
/// seen is that moment.
std::uint64_t time_of_stamp(GstClockTime stamp) {
    static std::atomic<std::uint64_t> begin_ns{UINT64_MAX};
    const std::uint64_t here_ns = monotonic_ns() - stamp;
    std::uint64_t least_ns = begin_ns.load();
    while (here_ns < least_ns && !begin_ns.compare_exchange_weak(least_ns, here_ns)) {
    }
    return std::min(here_ns, least_ns) + stamp;
}

void before_push(GstPad* pad, GstClockTime stamp) {
    const std::uint64_t before_ns = time_of_stamp(stamp);
    Watches& watches = all_watches();
    const std::lock_guard lock(watches.mutex);
    const auto found = watches.by_pad.find(pad);
    if (found != watches.by_pad.end())
        found->second->about_to_push(before_ns);
}

struct TestWatchTracer {
    GstTracer parent;
};
struct TestWatchTracerClass {
    GstTracerClass parent_class;
};
G_DEFINE_TYPE(TestWatchTracer, test_watch_tracer, GST_TYPE_TRACER)
void test_watch_tracer_class_init(TestWatchTracerClass*) {}
void test_watch_tracer_init(TestWatchTracer*) {}

void on_push_pre(GObject*, GstClockTime stamp, GstPad* pad, gpointer) {
    before_push(pad, stamp);
}

/// Hooks that are registered later are called earlier, so this one is called before clockcalib's.
void register_hook_once() {
    static const bool done = [] {
        auto* tracer = GST_TRACER(g_object_new(test_watch_tracer_get_type(), nullptr));
        gst_tracing_register_hook(tracer, "pad-push-pre", G_CALLBACK(on_push_pre));
        gst_tracing_register_hook(tracer, "pad-push-list-pre", G_CALLBACK(on_push_pre));
        gst_object_unref(tracer); // the hooks keep it
        return true;
    }();
    (void)done;
}

std::uint64_t running_time(GstPad* pad, GstBuffer* buffer) {
    GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
    if (event == nullptr)
        return GST_BUFFER_PTS(buffer);
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    std::uint64_t time = GST_BUFFER_PTS(buffer);
    if (segment->format == GST_FORMAT_TIME)
        gst_segment_to_running_time_full(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer), &time);
    gst_event_unref(event);
    return time;
}

std::uint64_t payload_number(GstBuffer* buffer) {
    std::uint64_t number = UINT64_MAX;
    gst_buffer_extract(buffer, 0, &number, sizeof number);
    return number;
}

std::uint64_t content_hash(GstBuffer* buffer) {
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
        return 0;
    const auto hash = std::hash<std::string_view>{}(
        {reinterpret_cast<const char*>(map.data), static_cast<std::size_t>(map.size)});
    gst_buffer_unmap(buffer, &map);
    return hash;
}

std::uint64_t key_of(Key key, GstPad* pad, GstBuffer* buffer) {
    switch (key) {
    case Key::running_time:
        return running_time(pad, buffer);
    case Key::offset:
        return GST_BUFFER_OFFSET(buffer);
    case Key::payload:
        return payload_number(buffer);
    case Key::content:
        return content_hash(buffer);
    }
    return 0;
}

} // namespace

Watch::Watch(GstPad* src_pad, Key key) : pad_(src_pad), key_(key) {
    register_hook_once();
    gst_object_ref(pad_);
    {
        const std::lock_guard lock(all_watches().mutex);
        all_watches().by_pad[pad_] = this;
    }
    const auto types =
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
    probe_ = gst_pad_add_probe(pad_, types, on_data, this, nullptr);
}

Watch::~Watch() {
    gst_pad_remove_probe(pad_, probe_);
    {
        const std::lock_guard lock(all_watches().mutex);
        all_watches().by_pad.erase(pad_);
    }
    gst_object_unref(pad_);
}

void Watch::about_to_push(std::uint64_t before_ns) {
    const std::lock_guard lock(mutex_);
    before_ns_ = before_ns;
}

GstPadProbeReturn Watch::on_data(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
    auto* self = static_cast<Watch*>(data);
    const std::uint64_t after_ns = monotonic_ns();
    if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
        self->note(pad, GST_PAD_PROBE_INFO_BUFFER(info), after_ns);
        return GST_PAD_PROBE_OK;
    }
    GstBufferList* list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
    for (guint i = 0; i < gst_buffer_list_length(list); ++i)
        self->note(pad, gst_buffer_list_get(list, i), after_ns);
    return GST_PAD_PROBE_OK;
}

void Watch::note(GstPad* pad, GstBuffer* buffer, std::uint64_t after_ns) {
    Passage passage;
    passage.key = key_of(key_, pad, buffer);
    passage.after_ns = after_ns;
    passage.duration_ns = GST_BUFFER_DURATION_IS_VALID(buffer) ? GST_BUFFER_DURATION(buffer) : 0;
    passage.size_bytes = gst_buffer_get_size(buffer);
    const std::lock_guard lock(mutex_);
    passage.before_ns = before_ns_;
    passages_.push_back(passage);
}

std::vector<Passage> Watch::passages() const {
    const std::lock_guard lock(mutex_);
    return passages_;
}

bool Watch::wait_count(std::size_t at_least) const {
    const std::uint64_t give_up = monotonic_ns() + kPatience;
    while (count() < at_least && monotonic_ns() < give_up)
        std::this_thread::yield();
    return count() >= at_least;
}

void Truth::add(const Passage& departure, const Passage& arrival) {
    const std::uint64_t least =
        arrival.before_ns > departure.after_ns ? arrival.before_ns - departure.after_ns : 0;
    at_least.push_back(least);
    at_most.push_back(arrival.after_ns - departure.before_ns);
}

Truth truth_between(const Watch& departures, const Watch& arrivals) {
    std::map<std::uint64_t, Passage> by_key;
    for (const Passage& departure : departures.passages())
        by_key[departure.key] = departure;
    Truth truth;
    std::set<std::uint64_t> seen;
    for (const Passage& arrival : arrivals.passages()) {
        if (!seen.insert(arrival.key).second)
            continue;
        const auto found = by_key.find(arrival.key);
        if (found == by_key.end())
            ++truth.unmatched;
        else
            truth.add(found->second, arrival);
    }
    return truth;
}

Truth truth_of_content(const Watch& departures, const Watch& arrivals, Content which) {
    std::vector<Passage> sent = departures.passages();
    std::sort(sent.begin(), sent.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    Truth truth;
    if (sent.empty())
        return truth;
    for (const Passage& arrival : arrivals.passages()) {
        // Durations are rounded, so a microsecond is no overlap.
        const std::uint64_t begin = arrival.key + 1000;
        const std::uint64_t end = arrival.key + std::max<std::uint64_t>(arrival.duration_ns, 2000);
        auto found =
            which == Content::oldest
                ? std::find_if(sent.begin(), sent.end(),
                               [&](const auto& s) { return s.key + s.duration_ns > begin; })
                : std::find_if(sent.begin(), sent.end(),
                               [&](const auto& s) { return s.key + 1000 >= end; });
        if (which == Content::newest && found != sent.begin())
            --found;
        truth.add(found != sent.end() ? *found : sent.back(), arrival);
    }
    return truth;
}

namespace {

void expect_between(std::uint64_t figure, std::uint64_t least, std::uint64_t most,
                    const std::string& what) {
    const auto slack = [](std::uint64_t ns) {
        const double allowed = std::max(1e6, 0.02 * static_cast<double>(ns));
        return allowed + 0.016 * static_cast<double>(ns);
    };
    EXPECT_GE(static_cast<double>(figure), static_cast<double>(least) - slack(least)) << what;
    EXPECT_LE(static_cast<double>(figure), static_cast<double>(most) + slack(most)) << what;
}

double ms(std::uint64_t ns) {
    return static_cast<double>(ns) / 1e6;
}

} // namespace

void expect_truth(const Quantiles& figure, const Truth& truth, const std::string& what) {
    ASSERT_FALSE(truth.at_least.empty()) << what << ": nothing arrived";
    EXPECT_EQ(truth.unmatched, 0U) << what << ": arrivals without a departure";
    std::vector<std::uint64_t> least = truth.at_least;
    std::vector<std::uint64_t> most = truth.at_most;
    std::sort(least.begin(), least.end());
    std::sort(most.begin(), most.end());
    const std::uint64_t median_least = least[(least.size() - 1) / 2];
    const std::uint64_t median_most = most[most.size() / 2];
    std::printf("[  truth   ] %s: %zu buffers; P50 %.3f ms, truth %.3f to %.3f; "
                "max %.3f ms, truth %.3f to %.3f\n",
                what.c_str(), least.size(), ms(figure.p50), ms(median_least), ms(median_most),
                ms(figure.max), ms(least.back()), ms(most.back()));
    expect_between(figure.p50, median_least, median_most, what + ": P50");
    expect_between(figure.max, least.back(), most.back(), what + ": max");
}

// --- pipelines

Pipeline::Pipeline(const std::string& name, const std::string& line) : name_(name) {
    GError* error = nullptr;
    pipeline_ = gst_parse_launch_full(line.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (error != nullptr)
        g_error("%s in: %s", error->message, line.c_str());
    gst_object_set_name(GST_OBJECT(pipeline_), name.c_str());
    bus_ = gst_element_get_bus(pipeline_);
}

Pipeline::~Pipeline() {
    stop();
    watches_.clear();
    gst_object_unref(bus_);
    gst_object_unref(pipeline_);
}

void Pipeline::stop() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
}

Watch& Pipeline::watch(GstPad* pad, Key key) {
    return *watches_.emplace_back(std::make_unique<Watch>(pad, key));
}

Watch& Pipeline::watch(const std::string& element, const std::string& pad, Key key) {
    GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline_), element.c_str());
    GstPad* src = found != nullptr ? gst_element_get_static_pad(found, pad.c_str()) : nullptr;
    if (src == nullptr)
        g_error("no pad %s on element %s", pad.c_str(), element.c_str());
    Watch& result = watch(src, key);
    gst_object_unref(src);
    gst_object_unref(found);
    return result;
}

Watch& Pipeline::watch_into(const std::string& element, const std::string& pad, Key key) {
    GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline_), element.c_str());
    GstPad* sink = found != nullptr ? gst_element_get_static_pad(found, pad.c_str()) : nullptr;
    GstPad* peer = sink != nullptr ? gst_pad_get_peer(sink) : nullptr;
    if (peer == nullptr)
        g_error("nothing is linked to pad %s of element %s", pad.c_str(), element.c_str());
    Watch& result = watch(peer, key);
    gst_object_unref(peer);
    gst_object_unref(sink);
    gst_object_unref(found);
    return result;
}

bool Pipeline::settled(GstState expected) {
    GstState state = GST_STATE_VOID_PENDING;
    return gst_element_get_state(pipeline_, &state, nullptr, kPatience) !=
               GST_STATE_CHANGE_FAILURE &&
           state == expected;
}

bool Pipeline::reach(GstState state) {
    gst_element_set_state(pipeline_, state);
    return settled(state);
}

std::string Pipeline::ending() {
    const auto types = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    GstMessage* message = gst_bus_timed_pop_filtered(bus_, kPatience, types);
    if (message == nullptr)
        return "nothing";
    std::string name = GST_MESSAGE_TYPE_NAME(message);
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        GError* error = nullptr;
        gst_message_parse_error(message, &error, nullptr);
        name += std::string(": ") + error->message;
        g_clear_error(&error);
    }
    gst_message_unref(message);
    return name;
}

std::string Pipeline::run() {
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
    return ending();
}

// --- what must be so

void expect_nothing_left(const Figures& figures, const Pipeline& pipeline,
                         std::initializer_list<const char*> may_drop) {
    EXPECT_EQ(figures.records_lost(), 0U);
    for (const ElementFigures& element : figures.elements()) {
        if (element.path.rfind(pipeline.name() + "/", 0) != 0)
            continue;
        EXPECT_EQ(element.inside, 0U) << element.path << " still holds buffers";
        const bool excused = std::any_of(may_drop.begin(), may_drop.end(), [&](const char* name) {
            return element.path == pipeline.path(name);
        });
        if (!excused) {
            EXPECT_EQ(element.dropped, 0U) << element.path << " is said to drop";
        }
    }
}

void expect_path(const Figures& figures, const Pipeline& pipeline, const std::string& source,
                 const std::string& sink, const Truth& truth, std::size_t unsure) {
    const PathFigures path = figures.path(pipeline.path(source), pipeline.path(sink));
    EXPECT_GE(path.buffers + unsure, truth.at_least.size()) << source << " to " << sink;
    EXPECT_LE(path.buffers, truth.at_least.size()) << source << " to " << sink;
    expect_truth(path.latency, truth, pipeline.name() + ": " + source + " to " + sink);
}

} // namespace tactus::traced
