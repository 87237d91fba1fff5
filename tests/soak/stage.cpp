// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stage.h"

#include <atomic>
#include <cstdio>
#include <stdexcept>

namespace tactus::soak {

namespace {

constexpr std::size_t kErrorsKept = 20;
constexpr std::size_t kWarningsKept = 50; // kinds

std::atomic<unsigned> criticals{0};
std::atomic<unsigned> warnings{0};

void on_log(const gchar* domain, GLogLevelFlags level, const gchar* text, gpointer) {
    constexpr unsigned kShown = 20;
    const bool critical = (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)) != 0;
    if (!critical && (level & G_LOG_LEVEL_WARNING) == 0) {
        g_log_default_handler(domain, level, text, nullptr);
        return;
    }
    const unsigned count = critical ? ++criticals : ++warnings;
    if (count <= kShown)
        std::fprintf(stderr, "%s: %s: %s\n", domain != nullptr ? domain : "?",
                     critical ? "CRITICAL" : "WARNING", text);
}

const char* kind_of(GstObject* source) {
    GstElementFactory* factory =
        GST_IS_ELEMENT(source) ? gst_element_get_factory(GST_ELEMENT(source)) : nullptr;
    return factory != nullptr ? GST_OBJECT_NAME(factory) : "?";
}

/// A warning without its figures, so that kinds are few.
std::string without_figures(const char* text) {
    std::string plain;
    for (const char* at = text; *at != '\0'; ++at) {
        if (!g_ascii_isdigit(*at))
            plain += *at;
        else if (plain.empty() || plain.back() != '#')
            plain += '#';
    }
    return plain;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

} // namespace

void watch_log() {
    g_log_set_default_handler(on_log, nullptr);
}

unsigned criticals_logged() {
    return criticals;
}

unsigned warnings_logged() {
    return warnings;
}

Stage::Stage() : bus_(gst_bus_new()) {}

Stage::~Stage() {
    stop();
    clear();
    gst_object_unref(bus_);
}

GstElement* Stage::add(const std::string& name, const std::string& line) {
    GError* error = nullptr;
    GstElement* pipeline =
        gst_parse_launch_full(line.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (error != nullptr) {
        const std::string text = error->message;
        g_error_free(error);
        throw std::runtime_error(text + " in: " + line);
    }
    gst_object_set_name(GST_OBJECT(pipeline), name.c_str());
    // One that goes to READY would end the bus for all.
    gst_pipeline_set_auto_flush_bus(GST_PIPELINE(pipeline), FALSE);
    gst_element_set_bus(pipeline, bus_);
    pipelines_.push_back(pipeline);
    lives_.watch(pipeline);
    return pipeline;
}

void Stage::play() {
    for (GstElement* pipeline : pipelines_)
        gst_element_set_state(pipeline, GST_STATE_PLAYING);
}

Stage::Shutdown Stage::stop() {
    Shutdown shutdown;
    const auto start = std::chrono::steady_clock::now();
    for (GstElement* pipeline : pipelines_) {
        const auto own_start = std::chrono::steady_clock::now();
        gst_element_set_state(pipeline, GST_STATE_NULL);
        const double own_s = seconds_since(own_start);
        if (own_s > shutdown.slowest_s) {
            shutdown.slowest_s = own_s;
            shutdown.slowest = GST_OBJECT_NAME(pipeline);
        }
    }
    shutdown.all_s = seconds_since(start);
    return shutdown;
}

void Stage::clear() {
    gst_bus_set_flushing(bus_, TRUE);
    for (GstElement* pipeline : pipelines_)
        gst_object_unref(pipeline);
    pipelines_.clear();
}

void Stage::run_until(std::chrono::steady_clock::time_point end) {
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
            end - std::chrono::steady_clock::now());
        GstMessage* message =
            gst_bus_timed_pop(bus_, left.count() > 0 ? static_cast<GstClockTime>(left.count()) : 0);
        if (message == nullptr)
            return;
        handle(message);
        gst_message_unref(message);
    }
}

void Stage::handle(GstMessage* message) {
    switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
        note_error(message);
        break;
    case GST_MESSAGE_WARNING:
        note_warning(message);
        break;
    case GST_MESSAGE_LATENCY:
        for (GstElement* pipeline : pipelines_) {
            if (gst_object_has_as_ancestor(GST_MESSAGE_SRC(message), GST_OBJECT(pipeline)))
                gst_bin_recalculate_latency(GST_BIN(pipeline));
        }
        break;
    case GST_MESSAGE_EOS:
        if (on_eos_)
            on_eos_(GST_ELEMENT(GST_MESSAGE_SRC(message)));
        break;
    case GST_MESSAGE_ELEMENT:
        ++messages_[gst_structure_get_name(gst_message_get_structure(message))];
        break;
    default:
        break;
    }
}

void Stage::note_error(GstMessage* message) {
    GError* error = nullptr;
    gchar* details = nullptr;
    gst_message_parse_error(message, &error, &details);
    if (errors_.size() < kErrorsKept)
        errors_.push_back(std::string(GST_MESSAGE_SRC_NAME(message)) + ": " + error->message + " " +
                          (details != nullptr ? details : ""));
    g_error_free(error);
    g_free(details);
}

void Stage::note_warning(GstMessage* message) {
    GError* error = nullptr;
    gchar* details = nullptr;
    gst_message_parse_warning(message, &error, &details);
    const std::string text =
        std::string(kind_of(GST_MESSAGE_SRC(message))) + ": " + without_figures(error->message);
    if (warnings_.size() < kWarningsKept || warnings_.count(text) != 0)
        ++warnings_[text];
    g_error_free(error);
    g_free(details);
}

} // namespace tactus::soak
