// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pipelines that clockcalib watches, and what must be so for them.
#include "traced_pipeline.h"

#include <algorithm>

namespace tactus::traced {

std::uint64_t monotonic_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * GST_SECOND +
           static_cast<std::uint64_t>(t.tv_nsec);
}

GstElement* make(const char* factory, const char* name) {
    GstElement* element = gst_element_factory_make(factory, name);
    if (element == nullptr)
        g_error("no element %s: is the plugin path right?", factory);
    return element;
}

Pipeline::Pipeline(const std::string& name, const std::string& line) : name_(name) {
    GError* error = nullptr;
    pipeline_ = gst_parse_launch_full(line.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (error != nullptr)
        g_error("%s in: %s", error->message, line.c_str());
    gst_object_set_name(GST_OBJECT(pipeline_), name.c_str());
    bus_ = gst_element_get_bus(pipeline_);
}

Pipeline::~Pipeline() {
    stop();
    watches_.clear();
    gst_object_unref(bus_);
    gst_object_unref(pipeline_);
}

void Pipeline::stop() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
}

Watch& Pipeline::watch(GstPad* pad, Key key) {
    return *watches_.emplace_back(std::make_unique<Watch>(pad, key));
}

Watch& Pipeline::watch(const std::string& element, const std::string& pad, Key key) {
    GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline_), element.c_str());
    GstPad* src = found != nullptr ? gst_element_get_static_pad(found, pad.c_str()) : nullptr;
    if (src == nullptr)
        g_error("no pad %s on element %s", pad.c_str(), element.c_str());
    Watch& result = watch(src, key);
    gst_object_unref(src);
    gst_object_unref(found);
    return result;
}

Watch& Pipeline::watch_into(const std::string& element, const std::string& pad, Key key) {
    GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline_), element.c_str());
    GstPad* sink = found != nullptr ? gst_element_get_static_pad(found, pad.c_str()) : nullptr;
    GstPad* peer = sink != nullptr ? gst_pad_get_peer(sink) : nullptr;
    if (peer == nullptr)
        g_error("nothing is linked to pad %s of element %s", pad.c_str(), element.c_str());
    Watch& result = watch(peer, key);
    gst_object_unref(peer);
    gst_object_unref(sink);
    gst_object_unref(found);
    return result;
}

bool Pipeline::settled(GstState expected) {
    GstState state = GST_STATE_VOID_PENDING;
    return gst_element_get_state(pipeline_, &state, nullptr, kPatience) !=
               GST_STATE_CHANGE_FAILURE &&
           state == expected;
}

bool Pipeline::reach(GstState state) {
    gst_element_set_state(pipeline_, state);
    return settled(state);
}

std::string Pipeline::ending() {
    const auto types = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    GstMessage* message = gst_bus_timed_pop_filtered(bus_, kPatience, types);
    if (message == nullptr)
        return "nothing";
    std::string name = GST_MESSAGE_TYPE_NAME(message);
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        GError* error = nullptr;
        gst_message_parse_error(message, &error, nullptr);
        name += std::string(": ") + error->message;
        g_clear_error(&error);
    }
    gst_message_unref(message);
    return name;
}

std::string Pipeline::run() {
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
    return ending();
}

void expect_nothing_left(const Figures& figures, const Pipeline& pipeline,
                         std::initializer_list<const char*> may_drop) {
    EXPECT_EQ(figures.records_lost(), 0U);
    for (const ElementFigures& element : figures.elements()) {
        if (element.path.rfind(pipeline.name() + "/", 0) != 0)
            continue;
        EXPECT_EQ(element.inside, 0U) << element.path << " still holds buffers";
        const bool excused = std::any_of(may_drop.begin(), may_drop.end(), [&](const char* name) {
            return element.path == pipeline.path(name);
        });
        if (!excused) {
            EXPECT_EQ(element.dropped, 0U) << element.path << " is said to drop";
        }
    }
}

void expect_path(const Figures& figures, const Pipeline& pipeline, const std::string& source,
                 const std::string& sink, const Truth& truth, std::size_t unsure) {
    const PathFigures path = figures.path(pipeline.path(source), pipeline.path(sink));
    EXPECT_GE(path.buffers + unsure, truth.at_least.size()) << source << " to " << sink;
    EXPECT_LE(path.buffers, truth.at_least.size()) << source << " to " << sink;
    expect_truth(path.latency, truth, pipeline.name() + ": " + source + " to " + sink);
}

} // namespace tactus::traced
