// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compute_harness.h"

#include "element_reports.h"
#include "gst_environment.h"

#include <cstring>

namespace tactus {

namespace {

constexpr GstClockTime kPatience = 60 * GST_SECOND;

} // namespace

GstElement* make_compute(const std::string& properties) {
    GError* error = nullptr;
    GstElement* element = gst_parse_launch(("vkcompute " + properties).c_str(), &error);
    if (error != nullptr) {
        ADD_FAILURE() << error->message;
        g_clear_error(&error);
    }
    return GST_ELEMENT(gst_object_ref_sink(element));
}

std::string no_device() {
    static const std::string why = [] {
        static GstElement* keeper = make_compute("");
        before_gstreamer_ends([] {
            gst_element_set_state(keeper, GST_STATE_NULL);
            gst_object_unref(keeper);
        });
        if (gst_element_set_state(keeper, GST_STATE_READY) == GST_STATE_CHANGE_SUCCESS)
            return std::string(); // left in READY, with the device open
        return std::string("no Vulkan device here: install mesa-vulkan-drivers");
    }();
    return why;
}

std::string video_caps(PixelFormat format, std::uint32_t width, std::uint32_t height) {
    return "video/x-raw,format=" + std::string(info_of(format).name) +
           ",width=" + std::to_string(width) + ",height=" + std::to_string(height) +
           ",framerate=30/1";
}

GstBuffer* buffer_of(const Picture& picture, std::uint64_t number) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, picture.bytes.size(), nullptr);
    gst_buffer_fill(buffer, 0, picture.bytes.data(), picture.bytes.size());
    GST_BUFFER_PTS(buffer) = number * GST_SECOND / 30;
    GST_BUFFER_DURATION(buffer) = GST_SECOND / 30;
    return buffer;
}

Picture picture_of(GstBuffer* buffer, PixelFormat format, std::uint32_t width,
                   std::uint32_t height) {
    Picture picture(format, width, height);
    EXPECT_EQ(gst_buffer_get_size(buffer), picture.bytes.size());
    gst_buffer_extract(buffer, 0, picture.bytes.data(), picture.bytes.size());
    gst_buffer_unref(buffer);
    return picture;
}

std::string text_of(GstMessage* message) {
    if (message == nullptr)
        return {};
    GError* error = nullptr;
    gchar* debug = nullptr;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, &error, &debug);
    else
        gst_message_parse_warning(message, &error, &debug);
    std::string text = std::string(error->message) + " | " + (debug != nullptr ? debug : "");
    g_error_free(error);
    g_free(debug);
    gst_message_unref(message);
    return text;
}

ComputeHarness::ComputeHarness(GstElement* element) : element_(element), bus_(gst_bus_new()) {
    gst_element_set_bus(element_, bus_);
    harness_ = gst_harness_new_with_element(element_, "sink", "src");
}

ComputeHarness::~ComputeHarness() {
    gst_harness_teardown(harness_);
    gst_element_set_bus(element_, nullptr);
    gst_object_unref(bus_);
    EXPECT_EQ(GST_OBJECT_REFCOUNT_VALUE(element_), 1) << "somebody still owns the element";
    gst_object_unref(element_);
}

void ComputeHarness::set_caps(const std::string& caps) {
    gst_harness_set_src_caps_str(harness_, caps.c_str());
}

std::optional<Picture> ComputeHarness::process(const Picture& in) {
    set_caps(video_caps(in.layout.format, in.layout.width, in.layout.height));
    const GstFlowReturn flow = push(buffer_of(in));
    GstBuffer* out = flow == GST_FLOW_OK ? pull() : nullptr;
    if (out == nullptr) {
        ADD_FAILURE() << gst_flow_get_name(flow) << " " << complaint() << " "
                      << complaint(GST_MESSAGE_WARNING);
        return std::nullopt;
    }
    GstCaps* caps = gst_pad_get_current_caps(harness_->sinkpad);
    const GstStructure* s = gst_caps_get_structure(caps, 0);
    gint width = 0;
    gint height = 0;
    gst_structure_get(s, "width", G_TYPE_INT, &width, "height", G_TYPE_INT, &height, nullptr);
    const auto format = pixel_format_named(gst_structure_get_string(s, "format"));
    gst_caps_unref(caps);
    return picture_of(out, format.value(), static_cast<std::uint32_t>(width),
                      static_cast<std::uint32_t>(height));
}

std::string ComputeHarness::complaint(GstMessageType type) const {
    return text_of(gst_bus_pop_filtered(bus_, type));
}

std::string ComputeHarness::awaited_complaint(GstMessageType type) const {
    return text_of(awaited_message(type));
}

GstMessage* ComputeHarness::awaited_message(GstMessageType type) const {
    return gst_bus_timed_pop_filtered(bus_, kPatience, type);
}

std::string ComputeHarness::stat_text(const char* field) const {
    GstStructure* stats = nullptr;
    g_object_get(element_, "stats", &stats, nullptr);
    const gchar* text = gst_structure_get_string(stats, field);
    std::string result = text != nullptr ? text : "";
    gst_structure_free(stats);
    return result;
}

std::uint64_t ComputeHarness::stat(const char* field) const {
    return stat_of(element_, field);
}

} // namespace tactus
