// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tactus {

/// Writes protobuf messages, field by field, into memory of the caller. Output is canonical: each
/// varint and each length takes as few bytes as it can. Source: "Protocol Buffers: Encoding"
/// (protobuf.dev). Nothing checks field numbers or types against a schema.
///
/// A write that does not fit fails, and so do all after it, until rewind(): ok() tells. A caller
/// that packs messages up to a limit remembers size() before each and rewinds to it.
///
/// Threads: one at a time. The memory stays the caller's and must outlive the writer. Sizes are in
/// bytes. Never allocates.
class ProtoWriter {
  public:
    explicit ProtoWriter(std::span<std::uint8_t> memory)
        : begin_(memory.data()), end_(begin_ + memory.size()), limit_(end_), next_(begin_) {}

    /// uint32, uint64, bool, enum; and int32, int64 as the format wants them: sign-extended.
    void varint(std::uint32_t field, std::uint64_t value) {
        tag(field, kVarint);
        raw_varint(value);
    }
    void int64(std::uint32_t field, std::int64_t value) {
        varint(field, static_cast<std::uint64_t>(value));
    }
    void fixed64(std::uint32_t field, std::uint64_t value) {
        tag(field, kFixed64);
        raw_fixed(value);
    }
    void fixed32(std::uint32_t field, std::uint32_t value) {
        tag(field, kFixed32);
        raw_fixed(value);
    }
    void real(std::uint32_t field, double value) {
        fixed64(field, std::bit_cast<std::uint64_t>(value));
    }
    void bytes(std::uint32_t field, std::span<const std::uint8_t> value) {
        tag(field, kDelimited);
        raw_varint(value.size());
        if (!fits(value.size()))
            return;
        if (!value.empty())
            std::memcpy(next_, value.data(), value.size());
        next_ += value.size();
    }
    /// A string field; the format wants UTF-8.
    void text(std::uint32_t field, std::string_view value) {
        bytes(field, {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
    }

    /// Where a nested message began; give it back to close().
    struct Nested {
        std::size_t body = 0; ///< offset of its first byte
    };
    /// What is written until close() is the message of `field`. Nests.
    Nested open(std::uint32_t field) {
        tag(field, kDelimited);
        // Most messages are short, so their length fits into this one byte.
        if (fits(1))
            ++next_;
        return {size()};
    }
    void close(Nested message) {
        if (!ok_)
            return;
        const std::size_t length = size() - message.body;
        std::uint8_t* body = begin_ + message.body;
        if (length < 0x80)
            body[-1] = static_cast<std::uint8_t>(length);
        else
            widen(body, length);
    }

    bool ok() const { return ok_; }
    std::size_t size() const { return static_cast<std::size_t>(next_ - begin_); }
    std::size_t room() const { return static_cast<std::size_t>(end_ - next_); }
    std::span<const std::uint8_t> written() const { return {begin_, size()}; }

    /// Takes back all beyond the first `size` bytes, and with them a failure. Must not cut an open
    /// nested message that is closed later.
    void rewind(std::size_t size) {
        next_ = begin_ + size;
        limit_ = end_;
        ok_ = true;
    }

  private:
    enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };

    static constexpr std::size_t varint_size(std::uint64_t value) {
        return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
    }

    bool fits(std::size_t bytes) {
        if (static_cast<std::size_t>(limit_ - next_) >= bytes)
            return true;
        ok_ = false;
        limit_ = next_; // so that nothing shorter goes in after what did not
        return false;
    }

    void tag(std::uint32_t field, WireType type) { raw_varint(field << 3 | type); }

    void raw_varint(std::uint64_t value) {
        if (!fits(varint_size(value)))
            return;
        while (value >= 0x80) {
            *next_++ = static_cast<std::uint8_t>(value | 0x80);
            value >>= 7;
        }
        *next_++ = static_cast<std::uint8_t>(value);
    }

    template <typename Number>
    void raw_fixed(Number value) {
        if (!fits(sizeof value))
            return;
        if constexpr (std::endian::native == std::endian::little) {
            std::memcpy(next_, &value, sizeof value);
            next_ += sizeof value;
        } else {
            for (std::size_t i = 0; i < sizeof value; ++i)
                *next_++ = static_cast<std::uint8_t>(value >> (8 * i));
        }
    }

    void widen(std::uint8_t* body, std::size_t length) {
        const std::size_t more = varint_size(length) - 1;
        if (!fits(more))
            return;
        std::memmove(body + more, body, length);
        next_ = body - 1;
        raw_varint(length);
        next_ += length;
    }

    std::uint8_t* begin_;
    std::uint8_t* end_;
    std::uint8_t* limit_; ///< end_, or next_ after a failure
    std::uint8_t* next_;
    bool ok_ = true;
};

} // namespace tactus
