// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace tactus::soak {

/// Watches the source pad of a jitterbuffer with do-lost=true: which numbers are missing between
/// those that come out, and whether downstream was told of them.
///
/// Threads: any. The probe shares it with its owner, for as long as the pad lives.
class LossWatch {
  public:
    struct Counts {
        std::uint64_t out = 0;
        std::uint64_t missing = 0; ///< numbers that were passed over
        std::uint64_t backwards = 0;
        std::uint64_t flushes = 0;
    };

    static std::shared_ptr<LossWatch> on_pad(GstPad* pad);
    Counts counts() const;
    /// The element begins anew, and so do the counts; what it told of last may not have come here.
    void start_over();

  private:
    static GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer self);
    void pass(std::uint16_t number);
    void note_event(GstEvent* event);

    mutable std::mutex mutex_;
    std::optional<std::uint16_t> next_;
    Counts counts_;
};

} // namespace tactus::soak
