// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "glue/properties.h"

namespace tactus::property_rows {

/// Rows of a property table, of the kinds that most elements have; writable in every state.
constexpr PropertySpec row(const char* name, const char* nick, PropertySpec::Kind kind,
                           std::uint64_t value, std::uint64_t least, std::uint64_t most,
                           const char* blurb) {
    return {name, nick, blurb, kind, PropertySpec::Access::playing, value, least, most};
}

constexpr PropertySpec flag(const char* name, const char* nick, bool value, const char* blurb) {
    return row(name, nick, PropertySpec::Kind::boolean, value, 0, 1, blurb);
}

constexpr PropertySpec count(const char* name, const char* nick, std::uint64_t value,
                             std::uint64_t least, std::uint64_t most, const char* blurb) {
    return row(name, nick, PropertySpec::Kind::uint, value, least, most, blurb);
}

template <typename Enum>
constexpr PropertySpec choice(const char* name, const char* nick, Enum value, GType (*type)(),
                              const char* blurb) {
    PropertySpec spec = row(name, nick, PropertySpec::Kind::enumeration,
                            static_cast<std::uint64_t>(value), 0, UINT64_MAX, blurb);
    spec.enum_type = type;
    return spec;
}

constexpr PropertySpec real(const char* name, const char* nick, double value, double least,
                            double most, const char* blurb) {
    PropertySpec spec = row(name, nick, PropertySpec::Kind::real, 0, 0, 0, blurb);
    spec.real_default = value;
    spec.real_minimum = least;
    spec.real_maximum = most;
    return spec;
}

/// The number of an enum's value, for a table of GEnumValue.
template <typename Enum>
constexpr gint value_of(Enum value) {
    return static_cast<gint>(value);
}

} // namespace tactus::property_rows
