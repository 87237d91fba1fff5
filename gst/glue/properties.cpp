// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/properties.h"

#include <algorithm>

namespace tactus {

namespace {

GParamFlags flags_of(const PropertySpec& spec) {
    guint flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    if (spec.access != PropertySpec::Access::read_only)
        flags |= G_PARAM_WRITABLE;
    if (spec.access == PropertySpec::Access::playing)
        flags |= GST_PARAM_MUTABLE_PLAYING;
    if (spec.access == PropertySpec::Access::ready)
        flags |= GST_PARAM_MUTABLE_READY;
    if (spec.controllable)
        flags |= GST_PARAM_CONTROLLABLE;
    return static_cast<GParamFlags>(flags);
}

GParamSpec* make_param(const PropertySpec& s) {
    const GParamFlags flags = flags_of(s);
    switch (s.kind) {
    case PropertySpec::Kind::boolean:
        return g_param_spec_boolean(s.name, s.nick, s.blurb, s.default_value != 0, flags);
    case PropertySpec::Kind::integer:
        return g_param_spec_int(s.name, s.nick, s.blurb, static_cast<gint>(s.minimum),
                                static_cast<gint>(s.maximum), static_cast<gint>(s.default_value),
                                flags);
    case PropertySpec::Kind::uint:
        return g_param_spec_uint(s.name, s.nick, s.blurb, static_cast<guint>(s.minimum),
                                 static_cast<guint>(std::min<std::uint64_t>(s.maximum, G_MAXUINT)),
                                 static_cast<guint>(s.default_value), flags);
    case PropertySpec::Kind::int64:
        return g_param_spec_int64(s.name, s.nick, s.blurb, static_cast<gint64>(s.minimum),
                                  static_cast<gint64>(s.maximum),
                                  static_cast<gint64>(s.default_value), flags);
    case PropertySpec::Kind::real:
        return g_param_spec_double(s.name, s.nick, s.blurb, s.real_minimum, s.real_maximum,
                                   s.real_default, flags);
    case PropertySpec::Kind::uint64:
        return g_param_spec_uint64(s.name, s.nick, s.blurb, s.minimum, s.maximum, s.default_value,
                                   flags);
    case PropertySpec::Kind::enumeration:
        return g_param_spec_enum(s.name, s.nick, s.blurb, s.enum_type(),
                                 static_cast<gint>(s.default_value), flags);
    case PropertySpec::Kind::structure:
        return g_param_spec_boxed(s.name, s.nick, s.blurb, GST_TYPE_STRUCTURE, flags);
    case PropertySpec::Kind::string:
        return g_param_spec_string(s.name, s.nick, s.blurb, s.default_text, flags);
    case PropertySpec::Kind::string_array:
        return gst_param_spec_array(
            s.name, s.nick, s.blurb,
            g_param_spec_string(
                "item", "Item", "One of them", nullptr,
                static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)),
            flags);
    case PropertySpec::Kind::caps:
        return g_param_spec_boxed(s.name, s.nick, s.blurb, GST_TYPE_CAPS, flags);
    }
    return nullptr;
}

} // namespace

void install_properties(GObjectClass* klass, std::span<const PropertySpec> table, guint first_id) {
    for (const PropertySpec& spec : table)
        g_object_class_install_property(klass, first_id++, make_param(spec));
}

} // namespace tactus
