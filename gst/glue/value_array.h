// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib-object.h>

#include <vector>

namespace tactus {

/// GValueArray is deprecated, but it is the type of some of the peers' properties.

/// The doubles of a GValue that holds a GValueArray of them, or null, which is none.
std::vector<double> doubles_from_array(const GValue* value);
/// The caller owns it: for g_value_take_boxed, or free_array.
GValueArray* array_from_doubles(const std::vector<double>& doubles);
void free_array(GValueArray* array);

} // namespace tactus
