// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jitterbuffer/enums.h"

#include "core/jitter/jitter_config.h"
#include "glue/property_rows.h"

namespace tactus {

namespace {

using property_rows::value_of;

const GEnumValue kModeValues[] = {
    {value_of(JitterMode::none), "Only use RTP timestamps", "none"},
    {value_of(JitterMode::slave), "Slave receiver to sender clock", "slave"},
    {value_of(JitterMode::buffer), "Do low/high watermark buffering", "buffer"},
    {value_of(JitterMode::synced), "Synchronized sender and receiver clocks", "synced"},
    {0, nullptr, nullptr},
};

const GEnumValue kAdaptByValues[] = {
    {value_of(AdaptBy::latency), "The reported latency follows; timestamps stay true", "latency"},
    {value_of(AdaptBy::timestamps), "Timestamps are slewed; the reported latency stays",
     "timestamps"},
    {0, nullptr, nullptr},
};

} // namespace

GType jitter_mode_get_type() {
    static const GType type = g_enum_register_static("GstJitterBufferMode", kModeValues);
    return type;
}

GType adapt_by_get_type() {
    static const GType type = g_enum_register_static("GstJitterBufferAdaptBy", kAdaptByValues);
    return type;
}

} // namespace tactus
