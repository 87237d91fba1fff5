// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_events.h"

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace tactus {

/// GPU work found on buffers, on its way from the streaming threads to the drain thread. Read from
/// the custom meta `tactus-gpu-timing`; docs/design/clocks.md lists its fields.
///
/// Threads: `note` from any; `take` from one.
class GpuInbox {
  public:
    struct Work {
        GpuWork work; ///< its views are into the strings below
        std::string device;
        std::string queue;
        std::string label;
        std::string method;
    };

    /// The meta's registration, or null while nobody has registered it. A pointer to compare with.
    const GstMetaInfo* info() const { return info_.load(std::memory_order_relaxed); }
    /// Looks for the registration; call now and then.
    void look_for_registration();

    /// Whether the meta is new to this pad's thread is the caller's business.
    void note(GstMeta* meta, std::uint32_t src_pad, std::uint64_t buffer_id, std::uint64_t at_ns);
    std::vector<Work> take();
    /// Work that found the inbox full.
    std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

  private:
    std::atomic<const GstMetaInfo*> info_{nullptr};
    std::atomic<std::uint64_t> lost_{0};
    std::mutex mutex_;
    std::vector<Work> waiting_;
};

} // namespace tactus
