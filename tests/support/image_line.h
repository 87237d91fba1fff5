// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "compute_harness.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace tactus {

/// Frames of the test's own through a pipeline, whose vkcompute is called "v".
///
/// Threads: the test's.
class ImageLine {
  public:
    /// `shader`: GLSL, which would need quotes in a launch line.
    ImageLine(const std::string& middle, const std::string& caps, const char* shader = nullptr) {
        GError* error = nullptr;
        pipeline_ = gst_parse_launch(("appsrc name=in format=time caps=\"" + caps + "\" ! " +
                                      middle + " ! appsink name=out sync=false async=false")
                                         .c_str(),
                                     &error);
        if (error != nullptr) {
            ADD_FAILURE() << error->message;
            g_clear_error(&error);
        }
        bus_ = gst_element_get_bus(pipeline_);
        gst_bus_set_sync_handler(bus_, count_instance, &instances_, nullptr);
        if (shader != nullptr)
            g_object_set(child("v"), "shader", shader, nullptr);
        gst_element_set_state(pipeline_, GST_STATE_PLAYING);
    }
    ~ImageLine() {
        gst_element_set_state(pipeline_, GST_STATE_NULL);
        gst_object_unref(bus_);
        gst_object_unref(pipeline_);
    }
    ImageLine(const ImageLine&) = delete;
    ImageLine& operator=(const ImageLine&) = delete;

    GstElement* child(const char* name) const {
        GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline_), name);
        gst_object_unref(element); // the pipeline has it
        return element;
    }
    GstFlowReturn push(GstBuffer* buffer) const {
        GstFlowReturn flow = GST_FLOW_ERROR;
        g_signal_emit_by_name(child("in"), "push-buffer", buffer, &flow);
        gst_buffer_unref(buffer);
        return flow;
    }
    /// Null with a failure if there is an error instead.
    GstSample* pull() const {
        GstSample* sample = nullptr;
        for (std::string wrong; sample == nullptr && wrong.empty();) {
            g_signal_emit_by_name(child("out"), "try-pull-sample", GstClockTime{100 * GST_MSECOND},
                                  &sample);
            wrong = text_of(gst_bus_pop_filtered(bus_, GST_MESSAGE_ERROR));
            EXPECT_EQ(wrong, "");
        }
        return sample;
    }
    /// The next one.
    std::string complaint(GstMessageType type = GST_MESSAGE_ERROR,
                          GstClockTime patience = 60 * GST_SECOND) const {
        return text_of(gst_bus_timed_pop_filtered(bus_, patience, type));
    }
    std::string stat(const char* field) const {
        GstStructure* stats = nullptr;
        g_object_get(child("v"), "stats", &stats, nullptr);
        const gchar* text = gst_structure_get_string(stats, field);
        guint64 count = 0;
        std::string result = text != nullptr ? text : "";
        if (gst_structure_get_uint64(stats, field, &count))
            result = std::to_string(count);
        gst_structure_free(stats);
        return result;
    }
    /// What a pad of "v" answers if asked for a context: its device, say.
    GObject* shared(const char* pad_name, const char* type) const {
        GstPad* pad = gst_element_get_static_pad(child("v"), pad_name);
        GstQuery* query = gst_query_new_context(type);
        GObject* object = nullptr;
        GstContext* context = nullptr;
        if (gst_pad_query(pad, query))
            gst_query_parse_context(query, &context);
        if (context != nullptr)
            object = G_OBJECT(g_value_dup_object(
                gst_structure_get_value(gst_context_get_structure(context), type)));
        gst_query_unref(query);
        gst_object_unref(pad);
        return object;
    }

    /// How many Vulkan instances elements have made, and told of.
    unsigned instances() const { return instances_; }

  private:
    static GstBusSyncReply count_instance(GstBus*, GstMessage* message, gpointer count) {
        GstContext* context = nullptr;
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_HAVE_CONTEXT)
            gst_message_parse_have_context(message, &context);
        if (context != nullptr && gst_context_has_context_type(context, "gst.vulkan.instance"))
            ++*static_cast<std::atomic<unsigned>*>(count);
        if (context != nullptr)
            gst_context_unref(context);
        return GST_BUS_PASS;
    }

    GstElement* pipeline_;
    GstBus* bus_;
    std::atomic<unsigned> instances_{0};
};

/// Of what comes out of it next; nothing with a failure if there is an error instead.
inline std::optional<Picture> next_picture(const ImageLine& line, PixelFormat format,
                                           std::uint32_t width, std::uint32_t height) {
    GstSample* sample = line.pull();
    if (sample == nullptr)
        return std::nullopt;
    GstBuffer* buffer = gst_buffer_ref(gst_sample_get_buffer(sample));
    gst_sample_unref(sample);
    return picture_of(buffer, format, width, height);
}

} // namespace tactus
