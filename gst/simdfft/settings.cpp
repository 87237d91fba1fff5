// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/settings.h"

#include "glue/properties.h"
#include "glue/setting_value.h"

#include <array>
#include <variant>

namespace tactus {

namespace {

using S = SimdFftSettings;
using Kind = PropertySpec::Kind;
using Access = PropertySpec::Access;

constexpr S kDefaults;
constexpr std::uint64_t kMostBands = 1073741824; // the peer's; larger ones than can be are refused

using Member =
    std::variant<bool S::*, int S::*, unsigned S::*, std::uint64_t S::*, MessageFormat S::*>;

struct Setting {
    PropertySpec spec;
    Member member;
};

constexpr PropertySpec row(const char* name, const char* nick, Kind kind, std::uint64_t value,
                           std::uint64_t least, std::uint64_t most, const char* blurb) {
    return {name, nick, blurb, kind, Access::playing, value, least, most};
}

constexpr PropertySpec flag(const char* name, const char* nick, bool value, const char* blurb) {
    return row(name, nick, Kind::boolean, value, 0, 1, blurb);
}

constexpr PropertySpec choice(const char* name, const char* nick, std::uint64_t value,
                              GType (*type)(), const char* blurb) {
    PropertySpec spec = row(name, nick, Kind::enumeration, value, 0, UINT64_MAX, blurb);
    spec.enum_type = type;
    return spec;
}

constexpr std::array kSettings = {
    Setting{flag("post-messages", "Post messages", kDefaults.post_messages,
                 "Post a 'spectrum' element message for each interval"),
            &S::post_messages},
    Setting{flag("message-magnitude", "Magnitudes in messages", kDefaults.message_magnitude,
                 "Whether messages have the field 'magnitude', in dB"),
            &S::message_magnitude},
    Setting{flag("message-phase", "Phases in messages", kDefaults.message_phase,
                 "Whether messages have the field 'phase', in radians"),
            &S::message_phase},
    Setting{row("interval", "Interval (ns)", Kind::uint64, kDefaults.interval_ns, 1, UINT64_MAX,
                "Time from one message to the next, in ns"),
            &S::interval_ns},
    Setting{row("bands", "Bands", Kind::uint, kDefaults.bands, 2, kMostBands,
                "Number of frequency bands of a message, from 0 to half the rate: transforms are "
                "of 2 * bands - 2 samples; more than 8388609 are refused"),
            &S::bands},
    Setting{row("threshold", "Threshold (dB)", Kind::integer,
                static_cast<std::uint64_t>(std::int64_t{kDefaults.threshold_db}),
                static_cast<std::uint64_t>(std::int64_t{G_MININT}), 0,
                "What magnitudes below it are raised to, in dB"),
            &S::threshold_db},
    Setting{flag("multi-channel", "Multi-channel", kDefaults.multi_channel,
                 "Messages with a spectrum of each channel, not one of their mean"),
            &S::multi_channel},
    Setting{flag("qos", "Quality of service", kDefaults.qos,
                 "Drop buffers of which downstream has said that they come too late"),
            &S::qos},
    Setting{choice("message-format", "Message format",
                   static_cast<std::uint64_t>(kDefaults.message_format), message_format_get_type,
                   "How messages hold values: lists as spectrum has them, or the same numbers as "
                   "bytes, channel after channel, which is much cheaper to read"),
            &S::message_format},
};

} // namespace

const guint kSimdFftStatsId = kSettings.size() + 1;

void install_simdfft_properties(GObjectClass* klass) {
    static constexpr auto kTable = [] {
        std::array<PropertySpec, kSettings.size() + 1> table{};
        for (std::size_t i = 0; i < kSettings.size(); ++i)
            table[i] = kSettings[i].spec;
        table[kSettings.size()] = row("stats", "Statistics", Kind::structure, 0, 0, 0,
                                      "Buffers, frames, transforms and messages; the time that a "
                                      "buffer takes, P50/P99/P99.9/max in ns");
        table[kSettings.size()].access = Access::read_only;
        return table;
    }();
    install_properties(klass, kTable);
}

bool set_setting(SimdFftSettings& settings, guint id, const GValue* value) {
    if (id == 0 || id > kSettings.size())
        return false;
    std::visit([&](auto member) { take_setting(settings.*member, value); },
               kSettings[id - 1].member);
    return true;
}

bool get_setting(const SimdFftSettings& settings, guint id, GValue* value) {
    if (id == 0 || id > kSettings.size())
        return false;
    std::visit([&](auto member) { give_setting(settings.*member, value); },
               kSettings[id - 1].member);
    return true;
}

} // namespace tactus
