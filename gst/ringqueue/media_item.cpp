// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ringqueue/media_item.h"

namespace tactus {

namespace {

std::uint8_t delta_flag(GstBuffer* buffer) {
    return GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT) ? Item::kDelta : 0;
}

gboolean mark_first_discont(GstBuffer** buffer, guint, gpointer) {
    *buffer = gst_buffer_make_writable(*buffer);
    GST_BUFFER_FLAG_SET(*buffer, GST_BUFFER_FLAG_DISCONT);
    return FALSE; // the first only
}

} // namespace

Item make_item(GstBuffer* buffer, RunningTime& time) {
    const TimeSpan span = span_of(buffer, time);
    Item item;
    item.object = buffer;
    item.kind = ItemKind::buffers;
    item.flags = delta_flag(buffer);
    item.buffers = 1;
    item.bytes = gst_buffer_get_size(buffer);
    item.start_ns = span.start_ns;
    item.end_ns = span.end_ns;
    return item;
}

Item make_item(GstBufferList* list, RunningTime& time) {
    const TimeSpan span = span_of(list, time);
    Item item;
    item.object = list;
    item.kind = ItemKind::buffers;
    item.flags = Item::kList;
    item.buffers = gst_buffer_list_length(list);
    if (item.buffers > 0)
        item.flags |= delta_flag(gst_buffer_list_get(list, 0));
    item.bytes = gst_buffer_list_calculate_size(list);
    item.start_ns = span.start_ns;
    item.end_ns = span.end_ns;
    return item;
}

Item make_item(GstEvent* event, RunningTime& time) {
    Item item;
    item.object = event;
    item.kind = ItemKind::event;
    if (GST_EVENT_IS_STICKY(event))
        item.flags |= Item::kSticky;
    const GstEventType type = GST_EVENT_TYPE(event);
    if (type == GST_EVENT_SEGMENT || type == GST_EVENT_EOS)
        item.flags |= Item::kUnkept;
    if (type == GST_EVENT_GAP) {
        const TimeSpan span = span_of_gap(event, time);
        item.flags |= Item::kGap;
        item.start_ns = span.start_ns;
        item.end_ns = span.end_ns;
    }
    return item;
}

Item make_query_item(std::uintptr_t ticket) {
    Item item;
    item.object = reinterpret_cast<void*>(ticket); // NOLINT(performance-no-int-to-ptr): a token
    item.kind = ItemKind::query;
    return item;
}

EventClass class_of(GstEvent* event) {
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
        return EventClass::stream_start;
    case GST_EVENT_SEGMENT:
        return EventClass::segment;
    case GST_EVENT_EOS:
        return EventClass::eos;
    default:
        return GST_EVENT_IS_STICKY(event) ? EventClass::other_sticky : EventClass::other;
    }
}

void dispose_item(const Item& item) {
    if (item.kind == ItemKind::buffers || item.kind == ItemKind::event)
        gst_mini_object_unref(GST_MINI_OBJECT_CAST(item.object));
}

void dispose_item_for(void*, const Item& item) {
    dispose_item(item);
}

GstFlowReturn push_buffers(GstPad* src_pad, const Item& item, bool discont) {
    if (item.has(Item::kList)) {
        auto* list = static_cast<GstBufferList*>(item.object);
        if (discont) {
            list = gst_buffer_list_make_writable(list);
            gst_buffer_list_foreach(list, mark_first_discont, nullptr);
        }
        return gst_pad_push_list(src_pad, list);
    }
    auto* buffer = static_cast<GstBuffer*>(item.object);
    if (discont)
        mark_first_discont(&buffer, 0, nullptr);
    return gst_pad_push(src_pad, buffer);
}

void dispose_keeping_sticky(GstPad* src_pad, const Item& item) {
    if (item.kind == ItemKind::event && item.has(Item::kSticky) && !item.has(Item::kUnkept))
        gst_pad_store_sticky_event(src_pad, static_cast<GstEvent*>(item.object));
    dispose_item(item);
}

} // namespace tactus
