// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "ledger.h"

#include <gst/gst.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tactus::soak {

/// The tracer clockcalib of this process: what it measured, and what it tells Prometheus.
///
/// Threads: one.
class TracerWatch {
  public:
    /// Throws std::runtime_error if GST_TRACERS does not load it with metrics.
    TracerWatch();
    ~TracerWatch();
    TracerWatch(const TracerWatch&) = delete;
    TracerWatch& operator=(const TracerWatch&) = delete;

    /// Fetches the metrics, as Prometheus would, and looks whether they make sense.
    void fetch();
    /// Its count of buffers against the ledger's, element by element. A push that a flush or a
    /// relink turns away counts for the tracer, which sees it begin, and not for the ledger: one
    /// for each disturbance at most. Skipped if the tracer says that it lost records; and once it
    /// has forgotten elements that were replaced, it may have seen less of those.
    void compare(const Ledger& ledger, std::uint64_t disturbances);

    const std::string& address() const { return address_; }
    unsigned fetches() const { return fetches_; }
    std::size_t largest_bytes() const { return largest_bytes_; }
    std::uint64_t records_lost() const { return records_lost_; }
    std::uint64_t stalls() const { return stalls_; }
    unsigned compared() const { return compared_; }
    const std::vector<std::string>& complaints() const { return complaints_; }

  private:
    void complain(const std::string& text);

    GstObject* tracer_ = nullptr;
    std::string address_;
    unsigned fetches_ = 0;
    std::size_t largest_bytes_ = 0;
    double last_total_ = 0;
    std::uint64_t records_lost_ = 0;
    std::uint64_t stalls_ = 0;
    unsigned compared_ = 0;
    std::vector<std::string> complaints_;
};

} // namespace tactus::soak
