// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/otlp_spans.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tactus {

/// Who sends the spans.
struct OtlpResource {
    std::string service_name; ///< the program's name
    std::string host_name;
    std::string version; ///< of clockcalib
    std::int64_t pid = 0;
};

/// An ExportTraceServiceRequest of opentelemetry-proto 1.x. Bytes that are no UTF-8 become '?',
/// because a receiver may refuse the whole message for one of them.
std::vector<std::uint8_t> encode_spans(const OtlpResource& resource,
                                       std::span<const OtlpSpan> spans);

/// What a collector took only part of.
struct PartialSuccess {
    std::uint64_t rejected_spans = 0;
    std::string message;
};

/// Reads an ExportTraceServiceResponse. Nothing if it is broken; zero and empty if all was taken.
std::optional<PartialSuccess> decode_response(std::span<const std::uint8_t> body);

} // namespace tactus
