// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace tactus {

/// What does the work of the action signals, as G_CALLBACK makes it. Each is called with the object
/// first, on the thread that emits.
struct FigureActions {
    GCallback get_stats;    ///< GstStructure* (object), which the caller owns
    GCallback write_report; ///< gboolean (object, const gchar* path)
    GCallback reset;        ///< void (object)
};

/// How applications get at the figures, alike in the tracer and in the probe: the property "stats"
/// with the id `stats_property`, and the signals "get-stats", "write-report" and "reset".
void install_figures(GObjectClass* klass, guint stats_property, const FigureActions& actions);

} // namespace tactus
