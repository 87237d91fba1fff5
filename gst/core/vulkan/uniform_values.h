// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/shader_reflection.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace tactus {

/// Values for the uniforms of a shader, by name. A vector, matrix (column by column) or array takes
/// as many numbers as it has components.
using UniformValues = std::map<std::string, std::vector<double>>;

/// How many numbers a member takes.
std::uint32_t number_count(const BlockMember& member);

/// The bits of a number as a type of the shader: integers are rounded and clamped to what the type
/// holds.
std::uint64_t number_bits(ScalarType type, double value);

/// And back.
double number_of(ScalarType type, std::uint64_t bits);

/// Writes a member into its block. Nothing is written, and the answer is a text that says what
/// would be right, if the count is wrong, a value is no number or the type is not one that we can
/// set. Where an integer was rounded or clamped, the answer is a text that says so.
std::string write_member(const BlockMember& member, std::span<const double> values,
                         std::span<std::byte> block);

/// Reads all numbers of a member of a block (a result).
std::vector<double> read_member(const BlockMember& member, std::span<const std::byte> block);

} // namespace tactus
