// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/packet_spacing.h"

#include <algorithm>

namespace tactus {

namespace {

constexpr std::int64_t kSilence = 4; ///< so many spacings for one packet are silence
constexpr std::int64_t kWeight = 16;

} // namespace

bool PacketSpacing::observe(std::int64_t sequence, std::int64_t media_ns, bool talk_marker) {
    const bool first = !has_last_;
    const std::int64_t packets = std::max<std::int64_t>(sequence - last_sequence_, 1);
    const std::int64_t step_ns = (media_ns - last_media_ns_) / packets;
    has_last_ = true;
    last_sequence_ = sequence;
    last_media_ns_ = media_ns;
    if (first || step_ns < 0)
        return false;
    if (!known_) {
        known_ = step_ns > 0;
        frame_ns_ = packet_ns_ = step_ns;
        return talk_marker;
    }
    if (step_ns > kSilence * frame_ns_ || (talk_marker && 2 * step_ns > 3 * frame_ns_)) {
        // Slowly, in case the first spacing seen was the odd one.
        frame_ns_ += frame_ns_ / kWeight;
        return true;
    }
    packet_ns_ += (step_ns - packet_ns_) / kWeight;
    if (step_ns > 0)
        frame_ns_ =
            step_ns < frame_ns_ / kSilence ? step_ns : frame_ns_ + (step_ns - frame_ns_) / kWeight;
    return false;
}

} // namespace tactus
