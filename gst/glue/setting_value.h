// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib-object.h>

#include <cstdint>
#include <type_traits>

namespace tactus {

/// Takes a setting from the value of its property.
template <typename T>
void take_setting(T& setting, const GValue* value) {
    if constexpr (std::is_enum_v<T>)
        setting = static_cast<T>(g_value_get_enum(value));
    else if constexpr (std::is_same_v<T, bool>)
        setting = g_value_get_boolean(value) != FALSE;
    else if constexpr (std::is_same_v<T, int>)
        setting = g_value_get_int(value);
    else if constexpr (std::is_same_v<T, unsigned>)
        setting = g_value_get_uint(value);
    else if constexpr (std::is_same_v<T, std::int64_t>)
        setting = g_value_get_int64(value);
    else if constexpr (std::is_same_v<T, std::uint64_t>)
        setting = g_value_get_uint64(value);
    else
        setting = g_value_get_double(value);
}

/// The way back.
template <typename T>
void give_setting(const T& setting, GValue* value) {
    if constexpr (std::is_enum_v<T>)
        g_value_set_enum(value, static_cast<gint>(setting));
    else if constexpr (std::is_same_v<T, bool>)
        g_value_set_boolean(value, setting);
    else if constexpr (std::is_same_v<T, int>)
        g_value_set_int(value, setting);
    else if constexpr (std::is_same_v<T, unsigned>)
        g_value_set_uint(value, setting);
    else if constexpr (std::is_same_v<T, std::int64_t>)
        g_value_set_int64(value, setting);
    else if constexpr (std::is_same_v<T, std::uint64_t>)
        g_value_set_uint64(value, setting);
    else
        g_value_set_double(value, setting);
}

} // namespace tactus
