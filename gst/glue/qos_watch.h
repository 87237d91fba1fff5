// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <mutex>

namespace tactus {

/// What downstream has said about lateness. Threads: any.
class QosWatch {
  public:
    void update(GstEvent* event);
    void reset();
    bool is_late(const GstSegment& segment, GstBuffer* buffer) const;
    /// Posts the QOS message for a buffer that is dropped.
    void report(GstElement* element, const GstSegment& segment, GstBuffer* buffer,
                std::uint64_t processed, std::uint64_t dropped) const;

  private:
    mutable std::mutex mutex_;
    double proportion_ = 1;
    GstClockTime earliest_ = GST_CLOCK_TIME_NONE;
};

} // namespace tactus
