// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The media clock of RFC 7273: which one the caps name, and what follows from it for a packet.
#include "jitterbuffer/jitterbuffer_state.h"

namespace tactus {

// Under mutex.
void JitterBufferState::place_by_media_clock(const JitterPacket& packet) {
    const auto place =
        settings.reads_media_clock()
            ? media.place(packet.timestamp, packet.clock_rate, packet.arrival_ns, clock, base_time)
            : std::nullopt;
    const bool follows = place && !settings.rfc7273_reference_timestamp_meta_only;
    if (follows)
        core.pin_timeline(packet.timestamp, packet.clock_rate, place->running_ns);
    else if (pinned)
        core.unpin_timeline();
    placed = place.has_value();
    pinned = follows;
}

void JitterBufferState::warn_misplaced() {
    std::string refclk;
    {
        const std::lock_guard lock(mutex);
        refclk = media.refclk();
    }
    GST_ELEMENT_WARNING(element, STREAM, FORMAT, (nullptr),
                        ("By a-ts-refclk=\"%s\" the packets belong over 10 s from their arrival: "
                         "a-mediaclk or the clock is another one than the sender's. Timestamps "
                         "follow the arrival instead.",
                         refclk.c_str()));
}

// The clock may take time to make, and what is wrong goes to the bus: not under mutex.
void JitterBufferState::find_media_clock() {
    media_changed = false;
    MediaClockSource::Found found;
    bool wanted = false;
    bool by_system = false;
    {
        const std::lock_guard lock(mutex);
        wanted = settings.rfc7273_sync;
        by_system = settings.rfc7273_use_system_clock;
    }
    if (wanted)
        found = MediaClockSource::prepare(element, last_caps, by_system);
    {
        const std::lock_guard lock(mutex);
        media.use(found);
        if (!media.in_use()) {
            if (pinned)
                core.unpin_timeline();
            placed = pinned = false;
        }
    }
    // A clock on the network ends its thread with its last reference.
    gst_clear_object(&found.clock);
}

} // namespace tactus
