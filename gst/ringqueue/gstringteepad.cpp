// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ringqueue/gstringteepad.h"

#include "glue/guard.h"
#include "glue/handles.h"
#include "glue/properties.h"
#include "ringqueue/messages.h"

#include <array>

using namespace tactus;

struct _GstRingTeePad {
    GstPad parent;
    RingTeeBranch* branch;
};

G_DEFINE_TYPE(GstRingTeePad, gst_ring_tee_pad, GST_TYPE_PAD)

namespace {

enum Property : guint { kLost = 1, kCurrentLevelBuffers, kStats };

constexpr std::array kProperties = {
    PropertySpec{"lost", "Lost",
                 "Buffers dropped for this pad because its branch was too slow (lossy mode)",
                 PropertySpec::Kind::uint64, PropertySpec::Access::read_only},
    PropertySpec{"current-level-buffers", "Current level (buffers)",
                 "Buffers that this pad has still before it", PropertySpec::Kind::uint64,
                 PropertySpec::Access::read_only},
    PropertySpec{
        "stats", "Statistics",
        "Buffers in, out, dropped (what lost counts), flushed and queued; drops per burst; "
        "residence time P50/P99/P99.9/max (ns)",
        PropertySpec::Kind::structure, PropertySpec::Access::read_only},
};
static_assert(kProperties.size() == kStats);

GstElement* tee_of(GstPad* pad) {
    return branch_of(pad).tee.element;
}

// A pad that was taken out of its element has nothing before it, and no ring to look into.
Levels level_of(GstPad* pad) {
    const ElementHandle parent(gst_pad_get_parent_element(pad));
    return parent ? branch_of(pad).level() : Levels{};
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) noexcept {
    GstPad* pad = GST_PAD_CAST(object);
    if (GST_RING_TEE_PAD(pad)->branch == nullptr)
        return;
    switch (id) {
    case kLost:
        g_value_set_uint64(value, branch_of(pad).member->buffers_lost());
        break;
    case kCurrentLevelBuffers:
        g_value_set_uint64(value, level_of(pad).buffers);
        break;
    case kStats:
        g_value_take_boxed(
            value, make_stats("ringtee-pad-stats", branch_of(pad).member->stats(), level_of(pad)));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

void finalize(GObject* object) noexcept {
    delete GST_RING_TEE_PAD(object)->branch;
    G_OBJECT_CLASS(gst_ring_tee_pad_parent_class)->finalize(object);
}

gboolean src_event(GstPad* pad, GstObject*, GstEvent* event) noexcept {
    return guarded(tee_of(pad), FALSE, [&] { return branch_of(pad).src_event(event); });
}

gboolean src_query(GstPad* pad, GstObject*, GstQuery* query) noexcept {
    return guarded(tee_of(pad), FALSE, [&] { return branch_of(pad).src_query(query); });
}

gboolean activate(GstPad* pad, GstObject*, GstPadMode mode, gboolean active) noexcept {
    if (mode != GST_PAD_MODE_PUSH)
        return FALSE;
    return guarded(tee_of(pad), FALSE, [&] { return branch_of(pad).activate(active != FALSE); });
}

} // namespace

static void gst_ring_tee_pad_class_init(GstRingTeePadClass* klass) {
    auto* object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = get_property;
    object_class->finalize = finalize;
    install_properties(object_class, kProperties);
}

static void gst_ring_tee_pad_init(GstRingTeePad* self) {
    self->branch = nullptr;
}

namespace tactus {

RingTeeBranch& branch_of(GstPad* pad) {
    return *GST_RING_TEE_PAD(pad)->branch;
}

GstPad* make_tee_pad(RingTeeState& tee, GstPadTemplate* pad_template, const char* name) {
    auto* pad = GST_PAD_CAST(g_object_new(GST_TYPE_RING_TEE_PAD, "name", name, "direction",
                                          GST_PAD_SRC, "template", pad_template, nullptr));
    GST_RING_TEE_PAD(pad)->branch = new RingTeeBranch(tee, pad);
    gst_pad_set_event_function(pad, src_event);
    gst_pad_set_query_function(pad, src_query);
    gst_pad_set_activatemode_function(pad, activate);
    GST_PAD_SET_PROXY_CAPS(pad);
    return pad;
}

} // namespace tactus
