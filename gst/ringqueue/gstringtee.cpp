// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-ringtee
 * @title: ringtee
 * @short_description: one stream to many branches, each in a thread of its own, over one ring
 *
 * ringtee takes the place of a `tee` with a `queue` on every branch. All branches share one
 * ring; in lossy mode a branch that is too slow jumps forward and says how much was dropped,
 * and the others never notice.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! ringtee name=t t. ! fakesink t. ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "ringqueue/gstringtee.h"

#include "glue/entry_points.h"
#include "glue/fast_clock.h"
#include "glue/guard.h"
#include "glue/properties.h"
#include "glue/stats_fields.h"
#include "ringqueue/gstringteepad.h"
#include "ringqueue/ringtee_debug.h"
#include "ringqueue/ringtee_state.h"

#include <array>
#include <string>

using namespace tactus;

GST_DEBUG_CATEGORY(gst_ring_tee_debug);

struct _GstRingTee {
    GstElement parent;
    RingTeeState* state;
};

G_DEFINE_TYPE_WITH_CODE(GstRingTee, gst_ring_tee, GST_TYPE_ELEMENT,
                        GST_DEBUG_CATEGORY_INIT(gst_ring_tee_debug, "ringtee", 0, "lock-free tee"))
GST_ELEMENT_REGISTER_DEFINE(ringtee, "ringtee", GST_RANK_NONE, GST_TYPE_RING_TEE)

namespace {

enum Property : guint {
    kMode = 1,
    kAllowNotLinked,
    kMaxSizeBuffers,
    kMaxSizeBytes,
    kMaxSizeTime,
    kSpinUs,
    kNumSrcPads,
    kStats,
};

using Kind = PropertySpec::Kind;
using Access = PropertySpec::Access;
constexpr RingTeeSettings kDefaults;
constexpr std::uint64_t kUint = G_MAXUINT;
constexpr std::uint64_t kMaxSpinUs = 1000000;

constexpr std::array kProperties = {
    PropertySpec{"mode", "Mode",
                 "What happens when a branch is a whole limit behind: upstream waits for it, or it "
                 "jumps forward, drops the oldest buffers and reports them",
                 Kind::enumeration, Access::playing, static_cast<std::uint64_t>(kDefaults.mode), 0,
                 UINT64_MAX, tee_mode_get_type},
    PropertySpec{"allow-not-linked", "Allow not linked",
                 "Return OK upstream even if no source pad is linked", Kind::boolean,
                 Access::playing, kDefaults.allow_not_linked},
    PropertySpec{"max-size-buffers", "Maximum size (buffers)",
                 "A branch may be this many buffers behind (0 = no limit)", Kind::uint,
                 Access::playing, kDefaults.max_size_buffers, 0, kUint},
    PropertySpec{"max-size-bytes", "Maximum size (bytes)",
                 "A branch may be this many bytes behind (0 = no limit)", Kind::uint,
                 Access::playing, kDefaults.max_size_bytes, 0, kUint},
    PropertySpec{"max-size-time", "Maximum size (ns)",
                 "A branch may be this much running time behind, in ns (0 = no limit)",
                 Kind::uint64, Access::playing, kDefaults.max_size_time_ns},
    PropertySpec{"spin-us", "Spin (us)",
                 "How long a waiting side spins before it sleeps, in us (0 = only a short look)",
                 Kind::uint, Access::playing, kDefaults.spin_us, 0, kMaxSpinUs},
    PropertySpec{"num-src-pads", "Source pads", "The number of source pads", Kind::uint,
                 Access::read_only, 0, 0, kUint},
    PropertySpec{"stats", "Statistics",
                 "Buffers in, and how long upstream waited (ns) and had to be woken; the pads have "
                 "statistics of their own",
                 Kind::structure, Access::read_only},
};
static_assert(kProperties.size() == kStats);

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src_%u", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS_ANY);

using Entry = EntryPoints<_GstRingTee, gst_ring_tee_parent_class>;

RingTeeState& state_of(gpointer object) {
    return Entry::state_of(object);
}

// --- pads

GstPad* add_pad(RingTeeState& state, GstPadTemplate* pad_template, const gchar* wanted) {
    GstElement* element = state.element;
    const std::string name = state.pad_name(wanted);
    if (name.empty()) {
        GST_WARNING_OBJECT(element, "a pad named '%s' exists already", wanted);
        return nullptr;
    }
    GstPad* pad = make_tee_pad(state, pad_template, name.c_str());
    state.add_branch(pad);
    // A pad of a running element starts at once; otherwise the state change starts it.
    if (GST_STATE(element) > GST_STATE_READY || GST_STATE_NEXT(element) == GST_STATE_PAUSED)
        gst_pad_set_active(pad, TRUE);
    if (gst_element_add_pad(element, GST_PAD_CAST(gst_object_ref_sink(pad)))) {
        gst_object_unref(pad);
        return pad;
    }
    state.remove_branch(pad);
    gst_object_unref(pad);
    return nullptr;
}

GstPad* request_new_pad(GstElement* element, GstPadTemplate* pad_template, const gchar* name,
                        const GstCaps*) noexcept {
    return guarded(element, static_cast<GstPad*>(nullptr),
                   [&] { return add_pad(state_of(element), pad_template, name); });
}

void release_pad(GstElement* element, GstPad* pad) noexcept {
    completes(element, [&] {
        state_of(element).remove_branch(pad);
        gst_element_remove_pad(element, pad);
    });
}

// --- properties

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) noexcept {
    RingTeeState& state = state_of(object);
    switch (id) {
    case kMode:
        state.ring.set_lossy(static_cast<TeeMode>(g_value_get_enum(value)) == TeeMode::lossy);
        break;
    case kAllowNotLinked:
        state.allow_not_linked = g_value_get_boolean(value) != FALSE;
        state.flow_changed();
        break;
    case kMaxSizeBuffers:
        state.ring.max_size().set_buffers(g_value_get_uint(value));
        break;
    case kMaxSizeBytes:
        state.ring.max_size().set_bytes(g_value_get_uint(value));
        break;
    case kMaxSizeTime:
        state.ring.max_size().set_time_ns(g_value_get_uint64(value));
        break;
    case kSpinUs:
        state.ring.set_spin_ns(std::uint64_t{g_value_get_uint(value)} * GST_USECOND);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
    state.ring.interrupt();
}

GstStructure* stats_of(RingTeeState& state) {
    GstStructure* s = gst_structure_new_empty("ringtee-stats");
    set_count(s, "buffers-in", state.ring.buffers_in());
    set_count(s, "buffers-without-pad", state.ring.buffers_without_member());
    set_count(s, "buffers-refused", state.buffers_refused);
    set_count(s, "producer-wait-time", state.ring.producer_wait_ns());
    set_count(s, "producer-wakeups", state.ring.producer_wakeups());
    return s;
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) noexcept {
    RingTeeState& state = state_of(object);
    switch (id) {
    case kMode:
        g_value_set_enum(
            value, static_cast<gint>(state.ring.is_lossy() ? TeeMode::lossy : TeeMode::lossless));
        break;
    case kAllowNotLinked:
        g_value_set_boolean(value, state.allow_not_linked);
        break;
    case kMaxSizeBuffers:
        g_value_set_uint(value, static_cast<guint>(state.ring.max_size().get().buffers));
        break;
    case kMaxSizeBytes:
        g_value_set_uint(value, static_cast<guint>(state.ring.max_size().get().bytes));
        break;
    case kMaxSizeTime:
        g_value_set_uint64(value, state.ring.max_size().get().time_ns);
        break;
    case kSpinUs:
        g_value_set_uint(value, static_cast<guint>(state.ring.spin_ns() / GST_USECOND));
        break;
    case kNumSrcPads:
        GST_OBJECT_LOCK(object);
        g_value_set_uint(value, GST_ELEMENT_CAST(object)->numsrcpads);
        GST_OBJECT_UNLOCK(object);
        break;
    case kStats:
        g_value_take_boxed(value, stats_of(state));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

} // namespace

static void gst_ring_tee_class_init(GstRingTeeClass* klass) {
    auto* object_class = G_OBJECT_CLASS(klass);
    auto* element_class = GST_ELEMENT_CLASS(klass);
    object_class->set_property = set_property;
    object_class->get_property = get_property;
    object_class->finalize = Entry::finalize;
    element_class->request_new_pad = request_new_pad;
    element_class->release_pad = release_pad;
    install_properties(object_class, kProperties);

    gst_element_class_set_static_metadata(
        element_class, "Ring tee", "Generic",
        "One stream to many branches over one lock-free ring, a thread for each",
        "The gst-tactus authors");
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    gst_element_class_add_static_pad_template_with_gtype(element_class, &src_template,
                                                         GST_TYPE_RING_TEE_PAD);
    gst_type_mark_as_plugin_api(tee_mode_get_type(), static_cast<GstPluginAPIFlags>(0));
    gst_type_mark_as_plugin_api(GST_TYPE_RING_TEE_PAD, static_cast<GstPluginAPIFlags>(0));
}

static void gst_ring_tee_init(GstRingTee* self) {
    auto* element = GST_ELEMENT_CAST(self);
    FastClock::prepare();
    self->state = new RingTeeState(element);
    GstPad* sink = gst_pad_new_from_static_template(&sink_template, "sink");
    gst_pad_set_chain_function(sink, Entry::chain);
    gst_pad_set_chain_list_function(sink, Entry::chain_list);
    gst_pad_set_event_full_function(sink, Entry::sink_event_full);
    gst_pad_set_query_function(sink, Entry::sink_query);
    gst_pad_set_activatemode_function(sink, Entry::sink_activate);
    GST_PAD_SET_PROXY_CAPS(sink);
    self->state->sink_pad = sink;
    gst_element_add_pad(element, sink);
}
