// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/setting_properties.h"

#include <array>

namespace tactus {

namespace {

struct TextSetting {
    const char* name;
    const char* nick;
    const char* blurb;
    std::string Settings::*member;
};

constexpr std::array kTexts{
    TextSetting{"trace", "Trace file", "File for a Perfetto trace (empty = none)",
                &Settings::trace},
    TextSetting{"report", "Report file",
                "HTML file for the report, written at the end (empty = none)", &Settings::report},
    TextSetting{"metrics", "Metrics address",
                "Where Prometheus may fetch metrics, such as 127.0.0.1:9464 (empty = nowhere)",
                &Settings::metrics},
    TextSetting{"otlp", "OTLP URL",
                "OpenTelemetry collector, such as http://127.0.0.1:4318 (empty = none)",
                &Settings::otlp},
};

struct NumberSetting {
    const char* name;
    const char* nick;
    const char* blurb;
    guint minimum;
    guint maximum;
    std::uint64_t Settings::*member;
};

constexpr std::array kNumbers{
    NumberSetting{"interval", "Message interval",
                  "Time from one message with the statistics to the next, in ms (0 = no messages)",
                  0, 3600000, &Settings::interval_ms},
    NumberSetting{"stall-threshold", "Stall threshold",
                  "By how much a timer may be late or a clock may jump before it is a stall, in ms",
                  1, 10000, &Settings::stall_threshold_ms},
    NumberSetting{"otlp-sample", "OTLP sample", "One buffer in so many becomes a trace (1 = each)",
                  1, 1000000, &Settings::otlp_sample},
};

constexpr guint kFirstText = 1;
constexpr guint kFirstNumber = kFirstText + kTexts.size();
constexpr guint kEnd = kFirstNumber + kNumbers.size();
static_assert(kEnd <= kFirstOwnProperty);

bool is_text(guint id) {
    return id >= kFirstText && id < kFirstNumber;
}
bool is_number(guint id) {
    return id >= kFirstNumber && id < kEnd;
}

} // namespace

void install_setting_properties(GObjectClass* klass, GParamFlags flags) {
    const Settings defaults;
    guint id = kFirstText;
    for (const TextSetting& text : kTexts)
        g_object_class_install_property(
            klass, id++, g_param_spec_string(text.name, text.nick, text.blurb, "", flags));
    for (const NumberSetting& number : kNumbers)
        g_object_class_install_property(
            klass, id++,
            g_param_spec_uint(number.name, number.nick, number.blurb, number.minimum,
                              number.maximum, static_cast<guint>(defaults.*number.member), flags));
}

bool get_setting(const Settings& settings, guint id, GValue* value) {
    if (is_text(id))
        g_value_set_string(value, (settings.*kTexts[id - kFirstText].member).c_str());
    else if (is_number(id))
        g_value_set_uint(value, static_cast<guint>(settings.*kNumbers[id - kFirstNumber].member));
    else
        return false;
    return true;
}

bool set_setting(Settings& settings, guint id, const GValue* value) {
    if (is_text(id)) {
        const gchar* text = g_value_get_string(value);
        settings.*kTexts[id - kFirstText].member = text != nullptr ? text : "";
    } else if (is_number(id)) {
        const auto member = kNumbers[id - kFirstNumber].member;
        settings.*member = g_value_get_uint(value);
        settings.wants_stall_threshold |= member == &Settings::stall_threshold_ms;
    } else {
        return false;
    }
    return true;
}

} // namespace tactus
