// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace tactus {

/// A counter of an element's `stats`.
inline std::uint64_t stat_of(gpointer element, const char* field) {
    GstStructure* stats = nullptr;
    g_object_get(element, "stats", &stats, nullptr);
    guint64 value = G_MAXUINT64;
    EXPECT_TRUE(gst_structure_get_uint64(stats, field, &value)) << field;
    gst_structure_free(stats);
    return value;
}

/// The text of an error or a warning, which stays the caller's.
inline std::string complaint_of(GstMessage* message) {
    GError* error = nullptr;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, &error, nullptr);
    else
        gst_message_parse_warning(message, &error, nullptr);
    std::string text = error->message;
    g_error_free(error);
    return text;
}

/// The text of the next error or warning on the bus, or empty.
inline std::string next_complaint(GstBus* bus, GstMessageType type) {
    GstMessage* const message = gst_bus_pop_filtered(bus, type);
    if (message == nullptr)
        return {};
    std::string text = complaint_of(message);
    gst_message_unref(message);
    return text;
}

} // namespace tactus
