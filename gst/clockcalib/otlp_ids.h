// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/otlp_spans.h"

#include <array>
#include <cstdint>

namespace tactus {

/// Makes the ids of traces and spans; see SpanBuilder. Without state; any thread.
class SpanIds {
  public:
    explicit SpanIds(const std::array<std::uint64_t, 2>& seed) : seed_(seed) {}

    TraceId trace(std::uint64_t origin) const {
        const std::uint64_t low = mixed(seed_[1] ^ mixed(origin));
        TraceId id{};
        put(id.data(), mixed(seed_[0] + origin));
        put(id.data() + 8, low == 0 ? 1 : low);
        return id;
    }
    /// Of the `times`th arrival of `origin` at `element`, counted from 0.
    SpanId root(std::uint64_t origin, std::uint32_t element, std::uint32_t times) const {
        return span(origin, kRoot | std::uint64_t{times} << 32 | element);
    }
    SpanId child(std::uint64_t origin, std::uint32_t number) const { return span(origin, number); }

  private:
    static constexpr std::uint64_t kRoot = std::uint64_t{1} << 63;

    static constexpr std::uint64_t mixed(std::uint64_t x) {
        x += 0x9e3779b97f4a7c15;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return x ^ (x >> 31);
    }

    static void put(std::uint8_t* to, std::uint64_t value) {
        for (int i = 0; i < 8; ++i)
            to[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
    }

    SpanId span(std::uint64_t origin, std::uint64_t what) const {
        const std::uint64_t value = mixed(seed_[0] ^ mixed(what ^ mixed(origin + seed_[1])));
        SpanId id{};
        put(id.data(), value == 0 ? 1 : value);
        return id;
    }

    std::array<std::uint64_t, 2> seed_;
};

} // namespace tactus
