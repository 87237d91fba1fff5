// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace tactus {

/// What gives way when a queue is full: nobody (the producer waits), the buffer that comes in, or
/// the oldest one that is queued. The names are GStreamer's.
enum class Leak : std::uint8_t { none = 0, upstream = 1, downstream = 2 };

/// How much a leak takes: as little as it needs, or all up to the next buffer that stands for
/// itself (a key frame), so that a decoder never sees a frame whose predecessor is gone.
enum class LeakUnit : std::uint8_t { buffer = 0, gop = 1 };

} // namespace tactus
