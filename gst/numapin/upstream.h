// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "glue/handles.h"

#include <gst/gst.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

using BusHandle = std::unique_ptr<GstBus, ObjectUnref>;

/// What is found on the way up from a sink pad.
struct Upstream {
    /// Source pads whose tasks push through here: the nearest on each way up.
    std::vector<PadHandle> boundaries;
    /// The element whose thread many others share; empty if there is none before a boundary.
    std::string threadshare;
    /// PCI address of what a source reads from, where that is known.
    std::optional<std::string> device;
};

/// Walks up through bins, and past thread boundaries as far as the sources. Holds no lock over it,
/// so what is being relinked meanwhile may be missed. Any thread.
Upstream look_upstream(GstPad* sink_pad);

/// Where the messages of all elements around this one go, if anywhere.
BusHandle toplevel_bus(GstElement* element);

/// The outermost bin, or the element itself; borrowed, and for comparing only.
const void* toplevel_of(GstElement* element);

} // namespace tactus
