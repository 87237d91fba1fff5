// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <mutex>
#include <optional>

namespace tactus {

/// What downstream has said about lateness. Threads: any.
class QosWatch {
  public:
    void update(GstEvent* event);
    void reset();
    /// What `buffer` is late by, and by whose word; nothing if it is in time.
    struct Lateness {
        GstClockTime running_time;
        GstClockTimeDiff jitter_ns;
        double proportion;
    };
    std::optional<Lateness> lateness_of(const GstSegment& segment, GstBuffer* buffer) const;
    /// Posts the QOS message for a buffer that is dropped.
    static void report(GstElement* element, const Lateness& late, const GstSegment& segment,
                       GstBuffer* buffer, std::uint64_t processed, std::uint64_t dropped);

  private:
    mutable std::mutex mutex_;
    double proportion_ = 1;
    GstClockTime earliest_ = GST_CLOCK_TIME_NONE;
};

} // namespace tactus
