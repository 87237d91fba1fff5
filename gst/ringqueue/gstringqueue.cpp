// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-ringqueue
 * @title: ringqueue
 * @short_description: a queue without locks that says how long buffers waited and what it dropped
 *
 * ringqueue takes the place of `queue`: the same properties, signals and behaviour, over a
 * lock-free ring. It hands buffers over several times faster, leaks without ever sending an old
 * buffer under newer caps, and accounts for every buffer in #GstRingQueue:stats and in
 * `ringqueue-dropped` messages.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! ringqueue leaky=downstream ! fakesink sync=true
 * ]|
 *
 * Since: 0.1
 */
#include "ringqueue/gstringqueue.h"

#include "glue/entry_points.h"
#include "glue/fast_clock.h"
#include "glue/guard.h"
#include "glue/properties.h"
#include "glue/stats_fields.h"
#include "ringqueue/messages.h"
#include "ringqueue/ringqueue_debug.h"
#include "ringqueue/ringqueue_state.h"

#include <array>

using namespace tactus;

GST_DEBUG_CATEGORY(gst_ring_queue_debug);

struct _GstRingQueue {
    GstElement parent;
    RingQueueState* state;
};

G_DEFINE_TYPE_WITH_CODE(GstRingQueue, gst_ring_queue, GST_TYPE_ELEMENT,
                        GST_DEBUG_CATEGORY_INIT(gst_ring_queue_debug, "ringqueue", 0,
                                                "lock-free queue"))
GST_ELEMENT_REGISTER_DEFINE(ringqueue, "ringqueue", GST_RANK_NONE, GST_TYPE_RING_QUEUE)

namespace {

enum Property : guint {
    kCurrentLevelBuffers = 1,
    kCurrentLevelBytes,
    kCurrentLevelTime,
    kMaxSizeBuffers,
    kMaxSizeBytes,
    kMaxSizeTime,
    kMinThresholdBuffers,
    kMinThresholdBytes,
    kMinThresholdTime,
    kLeaky,
    kLeakUnit,
    kSilent,
    kFlushOnEos,
    kNotifyLevels,
    kSerializedQueries,
    kQueryTimeout,
    kSpinUs,
    kStats,
};

using Kind = PropertySpec::Kind;
using Access = PropertySpec::Access;
constexpr RingQueueSettings kDefaults;
constexpr std::uint64_t kUint = G_MAXUINT;
constexpr std::uint64_t kMaxSpinUs = 1000000;

constexpr std::array kProperties = {
    PropertySpec{"current-level-buffers", "Current level (buffers)",
                 "Buffers in the queue now; a buffer list counts as its buffers", Kind::uint,
                 Access::read_only, 0, 0, kUint},
    PropertySpec{"current-level-bytes", "Current level (bytes)", "Bytes in the queue now",
                 Kind::uint, Access::read_only, 0, 0, kUint},
    PropertySpec{"current-level-time", "Current level (ns)",
                 "Running time in minus running time out, in ns", Kind::uint64, Access::read_only},
    PropertySpec{"max-size-buffers", "Maximum size (buffers)",
                 "Full at this many buffers (0 = no limit)", Kind::uint, Access::playing,
                 kDefaults.max_size_buffers, 0, kUint},
    PropertySpec{"max-size-bytes", "Maximum size (bytes)", "Full at this many bytes (0 = no limit)",
                 Kind::uint, Access::playing, kDefaults.max_size_bytes, 0, kUint},
    PropertySpec{"max-size-time", "Maximum size (ns)",
                 "Full at this much running time, in ns (0 = no limit)", Kind::uint64,
                 Access::playing, kDefaults.max_size_time_ns},
    PropertySpec{"min-threshold-buffers", "Minimum threshold (buffers)",
                 "Hand nothing out below this many buffers, unless full or at EOS (0 = off)",
                 Kind::uint, Access::playing, 0, 0, kUint},
    PropertySpec{"min-threshold-bytes", "Minimum threshold (bytes)",
                 "Hand nothing out below this many bytes, unless full or at EOS (0 = off)",
                 Kind::uint, Access::playing, 0, 0, kUint},
    PropertySpec{"min-threshold-time", "Minimum threshold (ns)",
                 "Hand nothing out below this much running time in ns, unless full or at EOS "
                 "(0 = off); adds to the minimum latency",
                 Kind::uint64, Access::playing},
    PropertySpec{"leaky", "Leaky", "What gives way when the queue is full", Kind::enumeration,
                 Access::playing, static_cast<std::uint64_t>(kDefaults.leak), 0, UINT64_MAX,
                 leak_get_type},
    PropertySpec{"leak-unit", "Leak unit",
                 "How much a leak takes: single buffers, or all up to the next key frame (a buffer "
                 "without the DELTA_UNIT flag), so that a decoder sees no broken picture",
                 Kind::enumeration, Access::playing,
                 static_cast<std::uint64_t>(kDefaults.leak_unit), 0, UINT64_MAX,
                 leak_unit_get_type},
    PropertySpec{"silent", "Silent", "Do not emit overrun, underrun, running and pushing",
                 Kind::boolean, Access::playing, kDefaults.silent},
    PropertySpec{"flush-on-eos", "Flush on EOS",
                 "Discard what is queued when EOS comes in, so that EOS goes out at once",
                 Kind::boolean, Access::playing, kDefaults.flush_on_eos},
    PropertySpec{"notify-levels", "Notify levels",
                 "Notify the current-level properties at each buffer in and out", Kind::boolean,
                 Access::playing, kDefaults.notify_levels},
    PropertySpec{"serialized-queries", "Serialized queries",
                 "What a serialized query (ALLOCATION, DRAIN) does behind queued buffers: block "
                 "like queue, give up after query-timeout, or be refused unless the queue is idle",
                 Kind::enumeration, Access::playing,
                 static_cast<std::uint64_t>(kDefaults.serialized_queries), 0, UINT64_MAX,
                 serialized_queries_get_type},
    PropertySpec{"query-timeout", "Query timeout (ns)",
                 "With serialized-queries=timeout: how long a query waits for its turn, in ns",
                 Kind::uint64, Access::playing, kDefaults.query_timeout_ns, 1},
    PropertySpec{
        "spin-us", "Spin (us)",
        "How long a waiting side spins before it sleeps, in us (0 = only a short look); costs a "
        "core, so only where cores are to spare and the peer never waits long",
        Kind::uint, Access::playing, kDefaults.spin_us, 0, kMaxSpinUs},
    PropertySpec{"stats", "Statistics",
                 "Buffers in, out, dropped, flushed and queued; drops per burst; residence time "
                 "P50/P99/P99.9/max, waiting times (ns) and wake-ups of both sides",
                 Kind::structure, Access::read_only},
};
static_assert(kProperties.size() == kStats);

std::array<guint, 4> signal_ids;

using Entry = EntryPoints<_GstRingQueue, gst_ring_queue_parent_class>;

RingQueueState& state_of(gpointer object) {
    return Entry::state_of(object);
}

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

// --- properties

bool set_limit(RingQueueState& state, guint id, const GValue* value) {
    const auto as_uint = [&] { return g_value_get_uint(value); };
    switch (id) {
    case kMaxSizeBuffers:
        state.queue.max_size().set_buffers(as_uint());
        return true;
    case kMaxSizeBytes:
        state.queue.max_size().set_bytes(as_uint());
        return true;
    case kMaxSizeTime:
        state.queue.max_size().set_time_ns(g_value_get_uint64(value));
        return true;
    case kMinThresholdBuffers:
        state.queue.min_threshold().set_buffers(as_uint());
        return true;
    case kMinThresholdBytes:
        state.queue.min_threshold().set_bytes(as_uint());
        return true;
    case kMinThresholdTime:
        state.queue.min_threshold().set_time_ns(g_value_get_uint64(value));
        return true;
    default:
        return false;
    }
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) noexcept {
    RingQueueState& state = state_of(object);
    switch (id) {
    case kLeaky:
        state.queue.set_leak(static_cast<Leak>(g_value_get_enum(value)));
        break;
    case kLeakUnit:
        state.queue.set_leak_unit(static_cast<LeakUnit>(g_value_get_enum(value)));
        break;
    case kSilent:
        state.silent = g_value_get_boolean(value) != FALSE;
        break;
    case kFlushOnEos:
        state.flush_on_eos = g_value_get_boolean(value) != FALSE;
        break;
    case kNotifyLevels:
        state.notify_levels = g_value_get_boolean(value) != FALSE;
        break;
    case kSerializedQueries:
        state.serialized_queries = static_cast<SerializedQueries>(g_value_get_enum(value));
        break;
    case kQueryTimeout:
        state.query_timeout_ns = g_value_get_uint64(value);
        break;
    case kSpinUs:
        state.queue.set_spin_ns(std::uint64_t{g_value_get_uint(value)} * GST_USECOND);
        break;
    default:
        if (!set_limit(state, id, value)) {
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
            return;
        }
        // Leaks at once where the new limits want it.
        completes(state.element, [&] { state.queue.limits_changed(); });
        return;
    }
    state.queue.interrupt();
}

bool get_level(RingQueueState& state, guint id, GValue* value) {
    const auto put_uint = [&](std::uint64_t v) {
        g_value_set_uint(value, static_cast<guint>(MIN(v, kUint)));
    };
    const bool is_current = id <= kCurrentLevelTime;
    const bool is_maximum = id >= kMaxSizeBuffers && id <= kMaxSizeTime;
    const Levels levels = is_current   ? state.queue.level()
                          : is_maximum ? state.queue.max_size().get()
                                       : state.queue.effective_threshold();
    switch (id) {
    case kCurrentLevelBuffers:
    case kMaxSizeBuffers:
    case kMinThresholdBuffers:
        put_uint(levels.buffers);
        return true;
    case kCurrentLevelBytes:
    case kMaxSizeBytes:
    case kMinThresholdBytes:
        put_uint(levels.bytes);
        return true;
    case kCurrentLevelTime:
    case kMaxSizeTime:
    case kMinThresholdTime:
        g_value_set_uint64(value, levels.time_ns);
        return true;
    default:
        return false;
    }
}

GstStructure* stats_of(RingQueueState& state) {
    GstStructure* s = make_stats("ringqueue-stats", state.queue.stats(), state.queue.level());
    set_count(s, "next-sequence", state.queue.stats().buffers_in);
    set_count(s, "queries-refused", state.queries_refused);
    set_count(s, "buffers-refused", state.buffers_refused);
    return s;
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) noexcept {
    RingQueueState& state = state_of(object);
    switch (id) {
    case kLeaky:
        g_value_set_enum(value, static_cast<gint>(state.queue.leak()));
        break;
    case kLeakUnit:
        g_value_set_enum(value, static_cast<gint>(state.queue.leak_unit()));
        break;
    case kSilent:
        g_value_set_boolean(value, state.silent);
        break;
    case kFlushOnEos:
        g_value_set_boolean(value, state.flush_on_eos);
        break;
    case kNotifyLevels:
        g_value_set_boolean(value, state.notify_levels);
        break;
    case kSerializedQueries:
        g_value_set_enum(value, static_cast<gint>(state.serialized_queries.load()));
        break;
    case kQueryTimeout:
        g_value_set_uint64(value, state.query_timeout_ns);
        break;
    case kSpinUs:
        g_value_set_uint(value, static_cast<guint>(state.queue.spin_ns() / GST_USECOND));
        break;
    case kStats:
        g_value_take_boxed(value, stats_of(state));
        break;
    default:
        if (!get_level(state, id, value))
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) noexcept {
    GstElementClass* parent_class = GST_ELEMENT_CLASS(gst_ring_queue_parent_class);
    const GstStateChangeReturn result = parent_class->change_state(element, transition);
    // Both pads are inactive now: nobody is in the ring.
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
        state_of(element).queue.reclaim();
    return result;
}

guint new_signal(const char* name, GstRingQueueClass* klass) {
    return g_signal_new(name, G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_FIRST, 0, nullptr, nullptr,
                        nullptr, G_TYPE_NONE, 0);
}

GstPad* make_pad(GstStaticPadTemplate* pad_template) {
    GstPad* pad = gst_pad_new_from_static_template(pad_template, pad_template->name_template);
    GST_PAD_SET_PROXY_CAPS(pad);
    return pad;
}

} // namespace

static void gst_ring_queue_class_init(GstRingQueueClass* klass) {
    auto* object_class = G_OBJECT_CLASS(klass);
    auto* element_class = GST_ELEMENT_CLASS(klass);
    object_class->set_property = set_property;
    object_class->get_property = get_property;
    object_class->finalize = Entry::finalize;
    element_class->change_state = change_state;
    install_properties(object_class, kProperties);

    // Emitted by the thread that finds the queue full or empty, with no lock held.
    signal_ids = {new_signal("overrun", klass), new_signal("underrun", klass),
                  new_signal("running", klass), new_signal("pushing", klass)};

    gst_element_class_set_static_metadata(
        element_class, "Ring queue", "Generic",
        "Lock-free queue that says how long buffers waited and what it dropped",
        "The gst-tactus authors");
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    gst_type_mark_as_plugin_api(leak_get_type(), static_cast<GstPluginAPIFlags>(0));
    gst_type_mark_as_plugin_api(leak_unit_get_type(), static_cast<GstPluginAPIFlags>(0));
    gst_type_mark_as_plugin_api(serialized_queries_get_type(), static_cast<GstPluginAPIFlags>(0));
}

static void gst_ring_queue_init(GstRingQueue* self) {
    auto* element = GST_ELEMENT_CAST(self);
    FastClock::prepare();
    self->state = new RingQueueState(element);

    GstPad* sink = make_pad(&sink_template);
    gst_pad_set_chain_function(sink, Entry::chain);
    gst_pad_set_chain_list_function(sink, Entry::chain_list);
    gst_pad_set_event_full_function(sink, Entry::sink_event_full);
    gst_pad_set_query_function(sink, Entry::sink_query);
    gst_pad_set_activatemode_function(sink, Entry::sink_activate);
    self->state->sink_pad = sink;
    gst_element_add_pad(element, sink);

    GstPad* src = make_pad(&src_template);
    gst_pad_set_event_function(src, Entry::src_event);
    gst_pad_set_query_function(src, Entry::src_query);
    gst_pad_set_activatemode_function(src, Entry::src_activate);
    self->state->src_pad = src;
    gst_element_add_pad(element, src);
}

namespace tactus {

RingQueueState::RingQueueState(GstElement* owner)
    : element(owner), silent(kDefaults.silent), flush_on_eos(kDefaults.flush_on_eos),
      notify_levels(kDefaults.notify_levels), serialized_queries(kDefaults.serialized_queries),
      query_timeout_ns(kDefaults.query_timeout_ns),
      queue(
          {[](void* self, const Item& item) { static_cast<RingQueueState*>(self)->dispose(item); },
           this}) {
    queue.max_size().set(
        {kDefaults.max_size_buffers, kDefaults.max_size_bytes, kDefaults.max_size_time_ns});
    queue.set_leak(kDefaults.leak);
    queue.set_leak_unit(kDefaults.leak_unit);
    queue.set_spin_ns(kDefaults.spin_us * GST_USECOND);
}

void RingQueueState::emit(RingQueueSignal signal) {
    g_signal_emit(element, signal_ids[static_cast<std::size_t>(signal)], 0);
}

void RingQueueState::notify_levels_changed() {
    for (const guint id : {kCurrentLevelBuffers, kCurrentLevelBytes, kCurrentLevelTime})
        g_object_notify(G_OBJECT(element), kProperties[id - 1].name);
}

void RingQueueState::post_dropped() {
    std::vector<DropBurst> bursts = queue.collect_bursts();
    post_bursts(element, "ringqueue-dropped", nullptr, bursts);
}

void RingQueueState::discard_queued() {
    queue.drain([this](const Item& item) { dispose_keeping(item); });
}

void RingQueueState::dispose_keeping(const Item& item) {
    if (item.kind == ItemKind::event)
        dispose_keeping_sticky(src_pad, item);
    else
        dispose(item);
}

void RingQueueState::close_gate() {
    {
        const std::lock_guard lock(control);
        gate.flush();
    }
    queue.interrupt();
}

void RingQueueState::dispose(const Item& item) {
    if (item.kind == ItemKind::query)
        desk.refuse(ticket_of(item));
    else
        dispose_item(item);
}

} // namespace tactus
