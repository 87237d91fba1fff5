// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/enums.h"

namespace tactus {

namespace {

const GEnumValue kMessageFormatValues[] = {
    {static_cast<gint>(MessageFormat::lists), "Lists of floats, as spectrum has them", "lists"},
    {static_cast<gint>(MessageFormat::bytes), "One GBytes of float32 for each kind", "bytes"},
    {0, nullptr, nullptr},
};

} // namespace

GType message_format_get_type() {
    static const GType type =
        g_enum_register_static("GstSimdFftMessageFormat", kMessageFormatValues);
    return type;
}

} // namespace tactus
