// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "element_fixture.h"
#include "element_reports.h"

#include <string>

namespace tactus {

/// A pipeline described as for gst-launch-1.0, run to its end.
class LaunchedPipeline {
  public:
    explicit LaunchedPipeline(const std::string& description) {
        GError* error = nullptr;
        pipeline_ = gst_parse_launch(description.c_str(), &error);
        if (error != nullptr) {
            ADD_FAILURE() << error->message << ": " << description;
            g_error_free(error);
        }
    }
    ~LaunchedPipeline() {
        gst_element_set_state(pipeline_, GST_STATE_NULL);
        gst_object_unref(pipeline_);
    }
    LaunchedPipeline(const LaunchedPipeline&) = delete;
    LaunchedPipeline& operator=(const LaunchedPipeline&) = delete;

    GstElement* get() const { return pipeline_; }
    GstElement* child(const char* name) const {
        GstElement* const element = gst_bin_get_by_name(GST_BIN(pipeline_), name);
        gst_object_unref(element); // the pipeline has it
        return element;
    }
    void play() { gst_element_set_state(pipeline_, GST_STATE_PLAYING); }
    /// Waits for a message of one of these types, which becomes the caller's; null if none comes.
    GstMessage* wait_for(GstMessageType types) {
        GstBus* const bus = gst_element_get_bus(pipeline_);
        GstMessage* const message = gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, types);
        gst_object_unref(bus);
        return message;
    }
    /// Until EOS: empty; until an error: its text.
    std::string wait() {
        GstMessage* const message =
            wait_for(static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
        if (message == nullptr)
            return "it does not end";
        const bool failed = GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
        std::string text = failed ? complaint_of(message) : std::string();
        gst_message_unref(message);
        return text;
    }

    /// Waits for a warning; "none" if none comes.
    std::string next_warning() {
        GstMessage* const message = wait_for(GST_MESSAGE_WARNING);
        if (message == nullptr)
            return "none";
        std::string text = complaint_of(message);
        gst_message_unref(message);
        return text;
    }

  private:
    GstElement* pipeline_ = nullptr;
};

} // namespace tactus
