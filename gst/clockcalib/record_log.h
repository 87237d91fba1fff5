// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_observer.h"

#include <gst/gst.h>

#include <map>
#include <string>

namespace tactus {

/// Lines for the log of tracers (GST_DEBUG="GST_TRACER:7"): one for each buffer that reaches a
/// sink, each drop and each incident. docs/elements/clockcalib.md lists the classes and their
/// fields. To be made an observer once it is enabled.
///
/// Threads: one; `warn` from any.
class RecordLog : public LatencyObserver {
  public:
    /// Describes the classes in the log, once. Without it nothing is logged.
    void enable();
    bool is_enabled() const { return enabled_; }

    void element_added(const ElementInfo& info) override;
    void element_gone(std::uint32_t element) override;
    void arrived(const Arrived& arrival) override;
    void left(const Residence& residence) override;
    void dropped(const Dropped& drop) override;
    void incident(const Incident& incident) override;

    /// A warning that people see, whatever their debug level.
    static void warn(const std::string& problem);

  private:
    bool wanted() const;
    const char* path_of(std::uint32_t element) const;

    bool enabled_ = false;
    GstDebugCategory* category_ = nullptr;
    std::map<std::uint32_t, std::string> paths_; ///< of the elements that the analyzer knows
};

} // namespace tactus
