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
    const std::uint64_t off_ns = distance_ns(frame, time_ns); // means something with an anchor
    if (anchor_ns_ == kNone || off_ns > kToleranceNs) {
        anchor_ns_ = time_ns;
        anchor_frame_ = frame;
    } else if (off_ns > duration_ns(1)) {
        const std::uint64_t expected_ns = time_of(frame);
        const auto passed_ns = static_cast<double>(duration_ns(frame - noted_frame_));
        const double share = passed_ns / (passed_ns + static_cast<double>(kTimeConstantNs));
        const auto correction_ns = static_cast<std::uint64_t>(share * static_cast<double>(off_ns));
        anchor_ns_ =
            time_ns > expected_ns ? expected_ns + correction_ns : expected_ns - correction_ns;
        anchor_frame_ = frame;
    }
    noted_frame_ = frame;
}

void FrameTimeline::reset() {
    noted_frame_ = anchor_frame_ = 0;
    anchor_ns_ = kNone;
}

} // namespace tactus
