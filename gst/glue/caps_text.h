// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <string>
#include <vector>

namespace tactus {

/// The caps as gst_caps_to_string() writes them.
inline std::string text_of(const GstCaps* caps) {
    gchar* const written = gst_caps_to_string(caps);
    std::string text = written;
    g_free(written);
    return text;
}

/// A value as gst_value_serialize() writes it.
inline std::string text_of(const GValue* value) {
    gchar* const written = gst_value_serialize(value);
    std::string text = written != nullptr ? written : "of a strange type";
    g_free(written);
    return text;
}

/// The texts in a row.
inline std::string joined(const std::vector<std::string>& texts, const char* separator) {
    std::string text;
    for (const std::string& one : texts)
        text += (text.empty() ? "" : separator) + one;
    return text;
}

} // namespace tactus
