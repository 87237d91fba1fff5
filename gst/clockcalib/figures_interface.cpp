// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/figures_interface.h"

namespace tactus {

void install_figures(GObjectClass* klass, guint stats_property, const FigureActions& actions) {
    g_object_class_install_property(
        klass, stats_property,
        g_param_spec_boxed("stats", "Statistics",
                           "All figures as of now: paths, elements, clocks, GPU queues",
                           GST_TYPE_STRUCTURE,
                           static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
    const GType type = G_TYPE_FROM_CLASS(klass);
    constexpr auto kAction = static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION);
    g_signal_new_class_handler("get-stats", type, kAction, actions.get_stats, nullptr, nullptr,
                               nullptr, GST_TYPE_STRUCTURE, 0);
    g_signal_new_class_handler("write-report", type, kAction, actions.write_report, nullptr,
                               nullptr, nullptr, G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
    g_signal_new_class_handler("reset", type, kAction, actions.reset, nullptr, nullptr, nullptr,
                               G_TYPE_NONE, 0);
}

} // namespace tactus
