// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/ring_writer.h"

namespace tactus {

void RingWriter::push(const Item& item, std::uint64_t head, std::uint64_t now_ns) {
    const std::uint64_t tail = tail_relaxed();
    if (!storage_.has_room(head, tail))
        storage_.grow(tail);
    Slot& slot = storage_.writable(tail);
    // Events and queries carry the number of the buffer that comes after them.
    slot.write(item, next_sequence(), now_ns);
    if (item.is_buffers())
        skip(item.buffers);
    if (!ledger_.enter(slot, item))
        time_rises_from_ = tail + 1;
    // seq_cst read-modify-write: releases the slot to tail(), and orders this publication before
    // the load of the waiting bit in EventCount::notify. A store and a fence would do as well, but
    // TSan does not understand fences and the exchange costs the same.
    tail_.exchange(tail + 1, std::memory_order_seq_cst);
}

} // namespace tactus
