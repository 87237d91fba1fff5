// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/uniform_values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <iomanip>
#include <limits>
#include <sstream>
#include <type_traits>

namespace tactus {

namespace {

template <typename T>
std::uint64_t integer_bits(double value) {
    if (std::isnan(value))
        return 0;
    const double rounded = std::nearbyint(value);
    T result{};
    if (rounded <= static_cast<double>(std::numeric_limits<T>::min()))
        result = std::numeric_limits<T>::min();
    else if (rounded >= static_cast<double>(std::numeric_limits<T>::max()))
        result = std::numeric_limits<T>::max();
    else
        result = static_cast<T>(rounded);
    return static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<T>>(result));
}

template <typename T>
double as_integer(std::uint64_t bits) {
    return static_cast<double>(static_cast<T>(bits));
}

std::size_t offset_of(const BlockMember& member, std::uint32_t index) {
    const std::uint32_t component = index % member.components;
    const std::uint32_t column = index / member.components % member.columns;
    const std::uint32_t element = index / member.components / member.columns;
    return std::size_t{member.offset_bytes} + std::size_t{element} * member.array_stride_bytes +
           std::size_t{column} * member.matrix_stride_bytes +
           std::size_t{component} * scalar_size_bytes(member.type);
}

std::string text_of(double value) {
    std::ostringstream text;
    text << std::setprecision(15) << value;
    return text.str();
}

/// What is written for `value` where the type cannot hold it as it is; empty if it can.
std::string note_on(const BlockMember& member, double value) {
    if (member.type == ScalarType::f32 || member.type == ScalarType::f64)
        return {};
    const double taken = number_of(member.type, number_bits(member.type, value));
    if (taken == value)
        return {};
    return member.name + "=" + text_of(value) + " is no value of its type; it is taken as " +
           text_of(taken);
}

bool is_known(ScalarType type) {
    return type != ScalarType::other && type != ScalarType::f16 && type != ScalarType::boolean;
}

} // namespace

std::uint32_t number_count(const BlockMember& member) {
    return member.components * member.columns * member.array_length;
}

std::uint64_t number_bits(ScalarType type, double value) {
    switch (type) {
    case ScalarType::f32:
        return std::bit_cast<std::uint32_t>(static_cast<float>(value));
    case ScalarType::f64:
        return std::bit_cast<std::uint64_t>(value);
    case ScalarType::i8:
        return integer_bits<std::int8_t>(value);
    case ScalarType::i16:
        return integer_bits<std::int16_t>(value);
    case ScalarType::i32:
        return integer_bits<std::int32_t>(value);
    case ScalarType::i64:
        return integer_bits<std::int64_t>(value);
    case ScalarType::u8:
        return integer_bits<std::uint8_t>(value);
    case ScalarType::u16:
        return integer_bits<std::uint16_t>(value);
    case ScalarType::u32:
        return integer_bits<std::uint32_t>(value);
    case ScalarType::u64:
        return integer_bits<std::uint64_t>(value);
    case ScalarType::boolean:
        return value != 0 ? 1 : 0;
    default:
        return 0;
    }
}

double number_of(ScalarType type, std::uint64_t bits) {
    switch (type) {
    case ScalarType::f32:
        return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    case ScalarType::f64:
        return std::bit_cast<double>(bits);
    case ScalarType::i8:
        return as_integer<std::int8_t>(bits);
    case ScalarType::i16:
        return as_integer<std::int16_t>(bits);
    case ScalarType::i32:
        return as_integer<std::int32_t>(bits);
    case ScalarType::i64:
        return as_integer<std::int64_t>(bits);
    default:
        return as_integer<std::uint64_t>(bits);
    }
}

std::string write_member(const BlockMember& member, std::span<const double> values,
                         std::span<std::byte> block) {
    const std::uint32_t count = number_count(member);
    if (!is_known(member.type))
        return member.name + " has a type that cannot be set; use float, double or an integer";
    if (values.size() != count)
        return member.name + " takes " + std::to_string(count) + " number(s), not " +
               std::to_string(values.size());
    if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); }))
        return member.name + "=nan is no number";
    std::string note;
    const std::size_t size = scalar_size_bytes(member.type);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (note.empty())
            note = note_on(member, values[i]);
        const std::uint64_t bits = number_bits(member.type, values[i]);
        const std::size_t offset = offset_of(member, i);
        if (offset + size <= block.size())
            std::memcpy(block.data() + offset, &bits, size);
    }
    return note;
}

std::vector<double> read_member(const BlockMember& member, std::span<const std::byte> block) {
    std::vector<double> values;
    if (!is_known(member.type))
        return values;
    const std::size_t size = scalar_size_bytes(member.type);
    values.reserve(number_count(member));
    for (std::uint32_t i = 0; i < number_count(member); ++i) {
        std::uint64_t bits = 0;
        const std::size_t offset = offset_of(member, i);
        if (offset + size <= block.size())
            std::memcpy(&bits, block.data() + offset, size);
        values.push_back(number_of(member.type, bits));
    }
    return values;
}

} // namespace tactus
