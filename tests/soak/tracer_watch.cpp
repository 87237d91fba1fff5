// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tracer_watch.h"

#include "glue/handles.h"

#include <gio/gio.h>
#include <gst/gsttracer.h>

#include <cstring>
#include <sstream>
#include <stdexcept>

namespace tactus::soak {

namespace {

constexpr const char* kBuffersIn = "tactus_element_in_buffers_total";
constexpr std::size_t kComplaintsKept = 20;
/// About as many as clockcalib remembers, of those that were replaced the newest.
constexpr guint kElementsKept = 500;

GstObject* find_tracer() {
    GstObject* found = nullptr;
    GList* tracers = gst_tracing_get_active_tracers();
    for (GList* node = tracers; node != nullptr; node = node->next) {
        if (std::strcmp(G_OBJECT_TYPE_NAME(node->data), "GstClockcalib") == 0 && found == nullptr)
            found = GST_OBJECT(gst_object_ref(node->data));
    }
    g_list_free_full(tracers, gst_object_unref);
    return found;
}

/// The answer to a GET, with its head; "" if there is none.
std::string get(const std::string& address, const char* path) {
    GSocketClient* client = g_socket_client_new();
    g_socket_client_set_timeout(client, 10);
    g_socket_client_set_enable_proxy(client, FALSE);
    GSocketConnection* connection =
        g_socket_client_connect_to_host(client, address.c_str(), 0, nullptr, nullptr);
    g_object_unref(client);
    std::string answer;
    if (connection == nullptr)
        return answer;
    const std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + address +
                                "\r\nConnection: close\r\n\r\n";
    GIOStream* stream = G_IO_STREAM(connection);
    if (g_output_stream_write_all(g_io_stream_get_output_stream(stream), request.data(),
                                  request.size(), nullptr, nullptr, nullptr) != FALSE) {
        char piece[16384];
        gssize got = 0;
        while ((got = g_input_stream_read(g_io_stream_get_input_stream(stream), piece, sizeof piece,
                                          nullptr, nullptr)) > 0)
            answer.append(piece, static_cast<std::size_t>(got));
    }
    g_object_unref(connection);
    return answer;
}

/// The sum of a family's samples.
double sum_of(const std::string& text, const std::string& family) {
    std::istringstream lines(text);
    double sum = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind(family + "{", 0) == 0)
            sum += g_ascii_strtod(line.c_str() + line.rfind(' ') + 1, nullptr);
    }
    return sum;
}

std::uint64_t count_in(const GstStructure* s, const char* field) {
    guint64 value = 0;
    gst_structure_get_uint64(s, field, &value);
    return value;
}

guint element_count(const GstStructure* stats) {
    return gst_value_list_get_size(gst_structure_get_value(stats, "elements"));
}

/// Buffers that went into the elements of each path, as the tracer has it.
std::map<std::string, std::uint64_t> buffers_in(const GstStructure* stats) {
    std::map<std::string, std::uint64_t> counts;
    const GValue* elements = gst_structure_get_value(stats, "elements");
    for (guint i = 0; i < gst_value_list_get_size(elements); ++i) {
        const GstStructure* s = gst_value_get_structure(gst_value_list_get_value(elements, i));
        const char* path = gst_structure_get_string(s, "path");
        if (path != nullptr)
            counts[path] += count_in(s, "buffers-in");
    }
    return counts;
}

} // namespace

TracerWatch::TracerWatch() : tracer_(find_tracer()) {
    if (tracer_ == nullptr)
        throw std::runtime_error("GST_TRACERS does not load clockcalib (tools/soak does that)");
    gchar* address = nullptr;
    g_object_get(tracer_, "metrics-address", &address, nullptr);
    address_ = address != nullptr ? address : "";
    g_free(address);
    if (address_.empty())
        throw std::runtime_error("clockcalib serves no metrics (tools/soak asks for them)");
}

TracerWatch::~TracerWatch() {
    gst_object_unref(tracer_);
}

void TracerWatch::complain(const std::string& text) {
    if (complaints_.size() < kComplaintsKept)
        complaints_.push_back(text);
}

void TracerWatch::fetch() {
    const std::string answer = get(address_, "/metrics");
    ++fetches_;
    largest_bytes_ = std::max(largest_bytes_, answer.size());
    if (answer.rfind("HTTP/1.1 200", 0) != 0) {
        complain("metrics: no answer, or not 200: " + answer.substr(0, answer.find('\r')));
        return;
    }
    const double total = sum_of(answer, kBuffersIn);
    if (total <= last_total_)
        complain(std::string(kBuffersIn) + " is " + std::to_string(total) + " after " +
                 std::to_string(last_total_));
    last_total_ = total;
}

void TracerWatch::compare(const Ledger& ledger, std::uint64_t disturbances) {
    GstStructure* given = nullptr;
    g_signal_emit_by_name(tracer_, "get-stats", &given);
    const StructureHandle stats(given);
    records_lost_ = count_in(given, "records-lost");
    stalls_ = count_in(given, "stalls");
    if (records_lost_ != 0)
        return;
    const auto traced = buffers_in(given);
    const bool forgets = element_count(given) >= kElementsKept;
    for (const auto& [path, seen] : ledger.seen_in()) {
        const auto found = traced.find(path);
        const std::uint64_t have = found != traced.end() ? found->second : 0;
        const bool forgot = forgets && seen.elements > 1;
        ++compared_;
        if ((have < seen.buffers && !forgot) || have > seen.buffers + disturbances)
            complain("clockcalib saw " + std::to_string(have) + " buffers into " + path + ", not " +
                     std::to_string(seen.buffers));
    }
}

} // namespace tactus::soak
