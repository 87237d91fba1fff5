// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/disposer.h"
#include "core/ring/flow_gate.h"
#include "core/ring/item.h"
#include "ringqueue/running_time.h"

#include <gst/gst.h>

namespace tactus {

// GStreamer's objects as items of a ring and back. An item owns the reference that it was made
// with. The time moves on with each.

Item make_item(GstBuffer* buffer, RunningTime& time);
Item make_item(GstBufferList* list, RunningTime& time);
/// A serialized event. `time` is that before the event.
Item make_item(GstEvent* event, RunningTime& time);
Item make_query_item(std::uintptr_t ticket);
inline std::uintptr_t ticket_of(const Item& query) {
    return reinterpret_cast<std::uintptr_t>(query.object);
}

EventClass class_of(GstEvent* event);

/// Gives the item's reference up. Queries are not owned.
void dispose_item(const Item& item);
/// The same for a ring's disposer.
void dispose_item_for(void* unused, const Item& item);
inline constexpr Disposer kItemDisposer{dispose_item_for, nullptr};

/// Pushes buffers on, marked DISCONT if asked. Takes the reference.
GstFlowReturn push_buffers(GstPad* src_pad, const Item& item, bool discont);

/// Disposes of an item, but keeps a sticky event on `src_pad` to be sent before the next buffer,
/// unless a flush ends its meaning (SEGMENT, EOS).
void dispose_keeping_sticky(GstPad* src_pad, const Item& item);

} // namespace tactus
