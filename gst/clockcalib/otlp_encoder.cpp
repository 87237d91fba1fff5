// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/otlp_encoder.h"

#include "core/trace/proto_writer.h"

#include <string_view>
#include <variant>

namespace tactus {

namespace {

// Field numbers of opentelemetry-proto: collector/trace/v1, trace/v1, resource/v1, common/v1.
namespace request {
constexpr std::uint32_t kResourceSpans = 1;
}
namespace resource_spans {
constexpr std::uint32_t kResource = 1, kScopeSpans = 2;
}
namespace resource_field {
constexpr std::uint32_t kAttributes = 1;
}
namespace scope_spans {
constexpr std::uint32_t kScope = 1, kSpans = 2;
}
namespace scope_field {
constexpr std::uint32_t kName = 1, kVersion = 2;
}
namespace span_field {
constexpr std::uint32_t kTraceId = 1, kSpanId = 2, kParentSpanId = 4, kName = 5, kKind = 6,
                        kStart = 7, kEnd = 8, kAttributes = 9, kLinks = 13, kStatus = 15,
                        kFlags = 16;
}
namespace link_field {
constexpr std::uint32_t kTraceId = 1, kSpanId = 2, kAttributes = 4, kFlags = 6;
}
namespace status_field {
constexpr std::uint32_t kMessage = 2, kCode = 3;
}
namespace key_value {
constexpr std::uint32_t kKey = 1, kValue = 2;
}
namespace any_value {
constexpr std::uint32_t kString = 1, kBool = 2, kInt = 3, kDouble = 4;
}
namespace response {
constexpr std::uint32_t kPartialSuccess = 1;
}
namespace partial_success {
constexpr std::uint32_t kRejectedSpans = 1, kErrorMessage = 2;
}

constexpr std::uint64_t kKindInternal = 1;
constexpr std::uint64_t kStatusError = 2;
constexpr std::uint32_t kFlagSampled = 1; // W3C trace flags

/// The length of the UTF-8 sequence at the start of `text` (RFC 3629); 0 if there is none.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80)
        return 1;
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length)
        return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0) != 0x80)
            return 0;
    // Overlong forms, surrogates, and what lies beyond U+10FFFF.
    if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) ||
        (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f))
        return 0;
    return length;
}

std::string utf8(std::string_view text) {
    std::string clean;
    clean.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        clean.append(length == 0 ? std::string_view("?") : text.substr(0, length));
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return clean;
}

void write_value(ProtoWriter& out, const std::string& value) {
    out.text(any_value::kString, utf8(value));
}
void write_value(ProtoWriter& out, std::int64_t value) {
    out.int64(any_value::kInt, value);
}
void write_value(ProtoWriter& out, bool value) {
    out.varint(any_value::kBool, value ? 1 : 0);
}
void write_value(ProtoWriter& out, double value) {
    out.real(any_value::kDouble, value);
}

void write_attribute(ProtoWriter& out, std::uint32_t field, const SpanAttribute& attribute) {
    const auto pair = out.open(field);
    out.text(key_value::kKey, attribute.key);
    const auto value = out.open(key_value::kValue);
    std::visit([&](const auto& v) { write_value(out, v); }, attribute.value);
    out.close(value);
    out.close(pair);
}

void write_link(ProtoWriter& out, const OtlpSpan::Link& link) {
    const auto message = out.open(span_field::kLinks);
    out.bytes(link_field::kTraceId, link.trace_id);
    out.bytes(link_field::kSpanId, link.span_id);
    write_attribute(out, link_field::kAttributes, {"tactus.origin", link.origin});
    out.fixed32(link_field::kFlags, link.sampled ? kFlagSampled : 0);
    out.close(message);
}

void write_span(ProtoWriter& out, const OtlpSpan& span) {
    const auto message = out.open(scope_spans::kSpans);
    out.bytes(span_field::kTraceId, span.trace_id);
    out.bytes(span_field::kSpanId, span.span_id);
    if (span.has_parent)
        out.bytes(span_field::kParentSpanId, span.parent_id);
    out.text(span_field::kName, utf8(span.name));
    out.varint(span_field::kKind, kKindInternal);
    out.fixed64(span_field::kStart, span.start_unix_ns);
    out.fixed64(span_field::kEnd, span.end_unix_ns);
    for (const SpanAttribute& attribute : span.attributes)
        write_attribute(out, span_field::kAttributes, attribute);
    for (const OtlpSpan::Link& link : span.links)
        write_link(out, link);
    if (!span.error.empty()) {
        const auto status = out.open(span_field::kStatus);
        out.text(status_field::kMessage, utf8(span.error));
        out.varint(status_field::kCode, kStatusError);
        out.close(status);
    }
    out.fixed32(span_field::kFlags, kFlagSampled);
    out.close(message);
}

void write_resource(ProtoWriter& out, const OtlpResource& resource) {
    const auto message = out.open(resource_spans::kResource);
    write_attribute(out, resource_field::kAttributes, {"service.name", resource.service_name});
    write_attribute(out, resource_field::kAttributes, {"host.name", resource.host_name});
    write_attribute(out, resource_field::kAttributes, {"process.pid", resource.pid});
    out.close(message);
}

void write_request(ProtoWriter& out, const OtlpResource& resource,
                   std::span<const OtlpSpan> spans) {
    const auto of_resource = out.open(request::kResourceSpans);
    write_resource(out, resource);
    const auto of_scope = out.open(resource_spans::kScopeSpans);
    const auto scope = out.open(scope_spans::kScope);
    out.text(scope_field::kName, "gst-tactus clockcalib");
    out.text(scope_field::kVersion, resource.version);
    out.close(scope);
    for (const OtlpSpan& span : spans)
        write_span(out, span);
    out.close(of_scope);
    out.close(of_resource);
}

/// Reads the fields of one protobuf message; stops at the first that is broken.
class FieldReader {
  public:
    explicit FieldReader(std::span<const std::uint8_t> body) : rest_(body) {}

    struct Field {
        std::uint32_t number = 0;
        std::uint64_t value = 0;
        std::span<const std::uint8_t> body;
    };

    std::optional<Field> next() {
        if (rest_.empty())
            return std::nullopt;
        const auto tag = varint();
        Field field;
        field.number = static_cast<std::uint32_t>(tag >> 3);
        switch (tag & 7) {
        case 0:
            field.value = varint();
            break;
        case 1:
            take(8);
            break;
        case 2:
            field.body = take(varint());
            break;
        case 5:
            take(4);
            break;
        default:
            broken_ = true;
        }
        return broken_ ? std::nullopt : std::optional(field);
    }
    bool is_broken() const { return broken_; }

  private:
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const std::uint8_t byte = rest_.front();
            rest_ = rest_.subspan(1);
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80)
                return value;
        }
        broken_ = true;
        return 0;
    }
    std::span<const std::uint8_t> take(std::uint64_t bytes) {
        if (broken_ || bytes > rest_.size()) {
            broken_ = true;
            return {};
        }
        const auto taken = rest_.first(bytes);
        rest_ = rest_.subspan(bytes);
        return taken;
    }

    std::span<const std::uint8_t> rest_;
    bool broken_ = false;
};

bool read_partial_success(std::span<const std::uint8_t> body, PartialSuccess& to) {
    FieldReader reader(body);
    while (const auto field = reader.next()) {
        if (field->number == partial_success::kRejectedSpans)
            to.rejected_spans = field->value;
        else if (field->number == partial_success::kErrorMessage)
            to.message.assign(field->body.begin(), field->body.end());
    }
    return !reader.is_broken();
}

} // namespace

std::vector<std::uint8_t> encode_spans(const OtlpResource& resource,
                                       std::span<const OtlpSpan> spans) {
    // About 400 bytes are usual; what does not fit is written again with twice the room.
    std::vector<std::uint8_t> memory(1024 + 768 * spans.size());
    for (;;) {
        ProtoWriter out(memory);
        write_request(out, resource, spans);
        if (out.ok()) {
            memory.resize(out.size());
            return memory;
        }
        memory.resize(2 * memory.size());
    }
}

std::optional<PartialSuccess> decode_response(std::span<const std::uint8_t> body) {
    PartialSuccess answer;
    FieldReader reader(body);
    while (const auto field = reader.next())
        if (field->number == response::kPartialSuccess &&
            !read_partial_success(field->body, answer))
            return std::nullopt;
    return reader.is_broken() ? std::nullopt : std::optional(answer);
}

} // namespace tactus
