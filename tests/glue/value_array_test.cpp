// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/value_array.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

using namespace tactus;

namespace {

/// A value of the type that audiofirfilter's kernel has.
GValue value_with(GValueArray* array) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, g_type_from_name("GValueArray"));
    g_value_take_boxed(&value, array);
    return value;
}

TEST(ValueArray, HoldsTheDoublesThatWentIn) {
    for (const std::vector<double>& doubles :
         {std::vector<double>{}, {0.5}, {1.0, -1e300, 0.0, 5e-324}}) {
        GValue value = value_with(array_from_doubles(doubles));
        EXPECT_EQ(doubles_from_array(&value), doubles);
        g_value_unset(&value);
    }
}

TEST(ValueArray, OfNothingHasNoDoubles) {
    GValue value = value_with(nullptr);
    EXPECT_TRUE(doubles_from_array(&value).empty());
    g_value_unset(&value);
}

TEST(ValueArray, IsFreedByItsOwner) {
    free_array(array_from_doubles({1.0, 2.0}));
}

} // namespace
