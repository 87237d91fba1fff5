// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which elements there are, for cases that need those of others.
#pragma once

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace tactus {

/// The first of them that is not installed; empty if all are.
inline std::string first_missing(std::initializer_list<const char*> elements) {
    for (const char* name : elements) {
        GstElementFactory* factory = gst_element_factory_find(name);
        if (factory == nullptr)
            return name;
        gst_object_unref(factory);
    }
    return {};
}

inline bool has_element(const char* name) {
    return first_missing({name}).empty();
}

} // namespace tactus

/// Skips a case without these elements.
#define TACTUS_NEEDS(...)                                                                          \
    do {                                                                                           \
        const std::string missing_element = ::tactus::first_missing({__VA_ARGS__});                \
        if (!missing_element.empty())                                                              \
            GTEST_SKIP() << "this machine has no element " << missing_element;                     \
    } while (false)
