// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/frame_timeline.h"

#include <algorithm>

namespace tactus {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

} // namespace

std::uint64_t FrameTimeline::duration_ns(std::uint64_t frames) const {
    return frames / rate_hz_ * kSecondNs + frames % rate_hz_ * kSecondNs / rate_hz_;
}

std::uint64_t FrameTimeline::duration_ns(std::uint64_t from, std::uint64_t to) const {
    return anchor_ns_ == kNone ? duration_ns(to) - duration_ns(from) : time_of(to) - time_of(from);
}

std::uint64_t FrameTimeline::time_of(std::uint64_t frame) const {
    if (anchor_ns_ == kNone)
        return kNone;
    if (frame >= anchor_frame_)
        return anchor_ns_ + duration_ns(frame - anchor_frame_);
    return anchor_ns_ - std::min(anchor_ns_, duration_ns(anchor_frame_ - frame));
}

std::uint64_t FrameTimeline::distance_ns(std::uint64_t frame, std::uint64_t time_ns) const {
    const std::uint64_t expected = time_of(frame);
    return std::max(expected, time_ns) - std::min(expected, time_ns);
}

bool FrameTimeline::breaks(std::uint64_t frame, std::uint64_t time_ns) const {
    return anchor_ns_ != kNone && time_ns != kNone && distance_ns(frame, time_ns) > kToleranceNs;
}

void FrameTimeline::note(std::uint64_t frame, std::uint64_t time_ns) {
    if (time_ns == kNone)
        return;
    if (anchor_ns_ != kNone && distance_ns(frame, time_ns) <= duration_ns(1))
        return;
    anchor_frame_ = frame;
    anchor_ns_ = time_ns;
}

void FrameTimeline::reset() {
    anchor_frame_ = 0;
    anchor_ns_ = kNone;
}

} // namespace tactus
