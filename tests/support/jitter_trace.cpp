// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jitter_trace.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>

namespace tactus::testing {

namespace {

std::optional<double> read_ms(std::istringstream& row) {
    std::string field;
    if (!std::getline(row, field, ',') || field.empty())
        return std::nullopt;
    return std::stod(field) / 1000;
}

void read_header(const std::string& line, JitterTrace& trace) {
    const std::size_t equals = line.find('=');
    if (line.size() < 2 || equals == std::string::npos)
        return;
    const std::string key = line.substr(2, equals - 2);
    const std::string value = line.substr(equals + 1);
    if (key == "kind")
        trace.video = value == "video";
    else if (key == "clock_rate")
        trace.clock_rate = static_cast<std::uint32_t>(std::stoul(value));
    else if (key == "skew_ppm")
        trace.skew_ppm = std::stod(value);
}

} // namespace

double JitterTrace::smallest_delay_ms() const {
    double smallest = std::numeric_limits<double>::max();
    for (const Packet& packet : packets)
        smallest = std::min(smallest, packet.delay_ms.value_or(smallest));
    return smallest;
}

std::optional<JitterTrace> load_jitter_trace(const std::string& path) {
    std::ifstream file(path);
    JitterTrace trace;
    const std::size_t slash = path.rfind('/') + 1;
    trace.name = path.substr(slash, path.rfind('.') - slash);
    std::string line;
    while (std::getline(file, line)) {
        if (line.empty())
            continue;
        if (line[0] == '#') {
            read_header(line, trace);
            continue;
        }
        std::istringstream row(line);
        std::string media;
        std::getline(row, media, ',');
        JitterTrace::Packet packet;
        packet.media_ms = std::stod(media);
        packet.delay_ms = read_ms(row);
        packet.duplicate_ms = read_ms(row);
        trace.packets.push_back(packet);
    }
    if (trace.packets.empty())
        return std::nullopt;
    return trace;
}

} // namespace tactus::testing
