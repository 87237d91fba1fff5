// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "glue/properties.h"

#include <glib-object.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <variant>

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

// Tables of rows with a `spec` and a `member`, a variant of pointers to members of the settings.
// Properties have the ids 1, 2, 3, … in the order of the rows.

/// The specs of a table's rows, and `more` behind them.
template <typename Row, std::size_t Size, typename... More>
constexpr std::array<PropertySpec, Size + sizeof...(More)>
specs_of(const std::array<Row, Size>& table, const More&... more) {
    std::array<PropertySpec, Size + sizeof...(More)> specs{};
    for (std::size_t i = 0; i < Size; ++i)
        specs[i] = table[i].spec;
    std::size_t next = Size;
    ((specs[next++] = more), ...);
    return specs;
}

/// False if `id` is of no row.
template <typename Row, std::size_t Size, typename Settings>
bool take_property(const std::array<Row, Size>& table, Settings& settings, guint id,
                   const GValue* value) {
    if (id == 0 || id > Size)
        return false;
    std::visit([&](auto member) { take_setting(settings.*member, value); }, table[id - 1].member);
    return true;
}

/// The way back.
template <typename Row, std::size_t Size, typename Settings>
bool give_property(const std::array<Row, Size>& table, const Settings& settings, guint id,
                   GValue* value) {
    if (id == 0 || id > Size)
        return false;
    std::visit([&](auto member) { give_setting(settings.*member, value); }, table[id - 1].member);
    return true;
}

} // namespace tactus
