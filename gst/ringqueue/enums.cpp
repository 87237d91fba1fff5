// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ringqueue/enums.h"

#include "core/ring/leak_policy.h"
#include "glue/property_rows.h"

namespace tactus {

namespace {

using property_rows::value_of;

const GEnumValue kLeakValues[] = {
    {value_of(Leak::none), "Not Leaky", "no"},
    {value_of(Leak::upstream), "Leaky on upstream (new buffers)", "upstream"},
    {value_of(Leak::downstream), "Leaky on downstream (old buffers)", "downstream"},
    {0, nullptr, nullptr},
};

const GEnumValue kLeakUnitValues[] = {
    {value_of(LeakUnit::buffer), "As few buffers as needed", "buffer"},
    {value_of(LeakUnit::gop), "Up to the next key frame", "gop"},
    {0, nullptr, nullptr},
};

const GEnumValue kSerializedQueriesValues[] = {
    {value_of(SerializedQueries::block), "Wait until it is answered", "block"},
    {value_of(SerializedQueries::timeout), "Wait for up to query-timeout", "timeout"},
    {value_of(SerializedQueries::refuse_if_nonempty), "Answer no unless the queue is idle",
     "refuse-if-nonempty"},
    {0, nullptr, nullptr},
};

const GEnumValue kTeeModeValues[] = {
    {value_of(TeeMode::lossless), "Wait for the slowest branch", "lossless"},
    {value_of(TeeMode::lossy), "Slow branches jump forward", "lossy"},
    {0, nullptr, nullptr},
};

} // namespace

GType leak_get_type() {
    static const GType type = g_enum_register_static("GstRingQueueLeaky", kLeakValues);
    return type;
}

GType leak_unit_get_type() {
    static const GType type = g_enum_register_static("GstRingQueueLeakUnit", kLeakUnitValues);
    return type;
}

GType serialized_queries_get_type() {
    static const GType type =
        g_enum_register_static("GstRingQueueSerializedQueries", kSerializedQueriesValues);
    return type;
}

GType tee_mode_get_type() {
    static const GType type = g_enum_register_static("GstRingTeeMode", kTeeModeValues);
    return type;
}

} // namespace tactus
