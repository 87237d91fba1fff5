// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <memory>
#include <mutex>
#include <vector>

namespace tactus {

/// Pad probes on all source pads of some bins, now and later, that feed the recorder: the way
/// around the tracing hooks and what those cost.
///
/// Threads: any. Signals of the bin and its elements call in from the threads that change them.
class ProbeSet {
  public:
    ProbeSet();
    ~ProbeSet(); ///< detaches
    ProbeSet(const ProbeSet&) = delete;
    ProbeSet& operator=(const ProbeSet&) = delete;

    /// Once for each bin; again for the same one changes nothing.
    void attach(GstElement* bin);
    void detach();

  private:
    struct Shared;
    struct Tap;

    static bool mark(GObject* object);

    /// Kept alive by each signal handler and probe as well: one may run while this goes.
    std::shared_ptr<Shared> shared_;
};

} // namespace tactus
