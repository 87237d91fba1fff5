// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The one place where deprecated API is used; a test sees that nobody else does.
#define GLIB_DISABLE_DEPRECATION_WARNINGS

#include "glue/value_array.h"

namespace tactus {

std::vector<double> doubles_from_array(const GValue* value) {
    const auto* array = static_cast<const GValueArray*>(g_value_get_boxed(value));
    std::vector<double> doubles;
    for (guint i = 0; array != nullptr && i < array->n_values; ++i)
        doubles.push_back(g_value_get_double(&array->values[i]));
    return doubles;
}

GValueArray* array_from_doubles(const std::vector<double>& doubles) {
    GValueArray* const array = g_value_array_new(static_cast<guint>(doubles.size()));
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_DOUBLE);
    for (const double number : doubles) {
        g_value_set_double(&value, number);
        g_value_array_append(array, &value);
    }
    return array;
}

void free_array(GValueArray* array) {
    g_value_array_free(array);
}

} // namespace tactus
