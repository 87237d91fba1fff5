// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The truth, which what clockcalib says is compared with.
#define GST_USE_UNSTABLE_API // tracers have been called that since 1.8
#include "traced_pipeline.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <set>
#include <string_view>
#include <thread>

namespace tactus::traced {

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

namespace {

/// What both may have in common by rounding alone: durations are rounded to nanoseconds, and mixers
/// move inputs to their grid of samples.
std::uint64_t rounding_of(const Passage& sent, const Passage& arrival) {
    const std::uint64_t shorter_ns = std::min(sent.duration_ns, arrival.duration_ns);
    return std::clamp<std::uint64_t>(shorter_ns / 100, 1000, 125'000);
}

} // namespace

Truth truth_of_content(const Watch& departures, const Watch& arrivals, Content which) {
    std::vector<Passage> sent = departures.passages();
    std::sort(sent.begin(), sent.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    Truth truth;
    if (sent.empty())
        return truth;
    for (const Passage& arrival : arrivals.passages()) {
        const std::uint64_t begin = arrival.key;
        const std::uint64_t end = begin + std::max<std::uint64_t>(arrival.duration_ns, 2000);
        const auto is_past = [&](const Passage& s) {
            return s.key + s.duration_ns <= begin + rounding_of(s, arrival);
        };
        const auto is_ahead = [&](const Passage& s) {
            return s.key + rounding_of(s, arrival) >= end;
        };
        auto found = which == Content::oldest ? std::find_if_not(sent.begin(), sent.end(), is_past)
                                              : std::find_if(sent.begin(), sent.end(), is_ahead);
        // Silence that a mixer made where the source had not begun, paused, or had ended is
        // nobody's.
        if (which == Content::oldest && (found == sent.end() || is_ahead(*found)))
            continue;
        if (which == Content::newest && found != sent.begin())
            --found;
        truth.add(found != sent.end() ? *found : sent.back(), arrival);
    }
    return truth;
}

std::size_t arrivals_outside(const Watch& departures, const Watch& arrivals) {
    std::uint64_t first = UINT64_MAX;
    std::uint64_t last = 0;
    for (const Passage& sent : departures.passages()) {
        first = std::min(first, sent.key);
        last = std::max(last, sent.key + sent.duration_ns);
    }
    const std::vector<Passage> all = arrivals.passages();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& arrival) {
        return arrival.key + arrival.duration_ns <= first || arrival.key + 1000 >= last;
    }));
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

} // namespace tactus::traced
