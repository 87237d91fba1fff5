// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jitterbuffer/media_clock_source.h"

#include "jitterbuffer/jitterbuffer_debug.h"

#include <gst/net/net.h>

#include <utility>

namespace tactus {

namespace {

constexpr unsigned kManyMisplaced = 8;
// From 1900, where NTP counts from, to 1970.
constexpr std::int64_t kUnixEpochNs = std::int64_t{2'208'988'800} * 1'000'000'000;

const char* text_of(const GstCaps* caps, const char* field) {
    return caps != nullptr ? gst_structure_get_string(gst_caps_get_structure(caps, 0), field)
                           : nullptr;
}

// False if it cannot be followed.
template <typename T>
bool accept(GstElement* element, const char* field, const char* text,
            const ParsedClock<T>& parsed) {
    if (parsed.words == ClockWords::malformed)
        GST_ELEMENT_WARNING(element, STREAM, FORMAT, (nullptr),
                            ("Caps field %s=\"%s\" is ignored: %s.", field, text, parsed.advice));
    else if (parsed.words == ClockWords::not_followed)
        GST_INFO_OBJECT(element, "%s=\"%s\" is not followed: %s", field, text, parsed.advice);
    return parsed.words == ClockWords::ok;
}

// NTP's seconds are those of UTC, PTP's are TAI's; both of the system's count from 1970.
GstClock* make_system_clock(ReferenceClock::Kind kind) {
    const GstClockType type =
        kind == ReferenceClock::Kind::ptp ? GST_CLOCK_TYPE_TAI : GST_CLOCK_TYPE_REALTIME;
    auto* const clock = GST_CLOCK(g_object_new(GST_TYPE_SYSTEM_CLOCK, "clock-type", type, nullptr));
    gst_object_ref_sink(clock);
    return clock;
}

GstClock* make_clock(GstElement* element, const ReferenceClock& reference, bool by_system) {
    auto* given =
        static_cast<GstClock*>(g_object_get_data(G_OBJECT(element), MediaClockSource::kClockData));
    if (given != nullptr)
        return GST_CLOCK_CAST(gst_object_ref(given));
    if (by_system)
        return make_system_clock(reference.kind);
    if (reference.kind == ReferenceClock::Kind::ntp)
        return gst_ntp_clock_new(nullptr, reference.host.c_str(), reference.port, 0);
    return gst_ptp_clock_new(nullptr, reference.domain);
}

GstCaps* caps_of(const ReferenceClock& reference) {
    if (reference.kind == ReferenceClock::Kind::ptp)
        return gst_caps_new_simple("timestamp/x-ptp", "version", G_TYPE_STRING, "IEEE1588-2008",
                                   "domain", G_TYPE_INT, int{reference.domain}, nullptr);
    return gst_caps_new_simple("timestamp/x-ntp", "host", G_TYPE_STRING, reference.host.c_str(),
                               "port", G_TYPE_INT, int{reference.port}, nullptr);
}

std::int64_t time_of(GstClock* clock) {
    return static_cast<std::int64_t>(gst_clock_get_time(clock));
}

bool same_values(GObject* a, GObject* b, const char* property) {
    GValue value_a = G_VALUE_INIT;
    GValue value_b = G_VALUE_INIT;
    g_object_get_property(a, property, &value_a);
    g_object_get_property(b, property, &value_b);
    const bool same = gst_value_compare(&value_a, &value_b) == GST_VALUE_EQUAL;
    g_value_unset(&value_a);
    g_value_unset(&value_b);
    return same;
}

// Objects of one NTP server or PTP domain all show one time.
bool show_one_time(GstClock* a, GstClock* b) {
    if (a == b)
        return true;
    const auto both_are = [&](GType type) {
        return G_TYPE_CHECK_INSTANCE_TYPE(a, type) && G_TYPE_CHECK_INSTANCE_TYPE(b, type);
    };
    if (both_are(GST_TYPE_NTP_CLOCK))
        return same_values(G_OBJECT(a), G_OBJECT(b), "address") &&
               same_values(G_OBJECT(a), G_OBJECT(b), "port");
    return both_are(GST_TYPE_PTP_CLOCK) && same_values(G_OBJECT(a), G_OBJECT(b), "domain");
}

// How fast a clock goes by the one that drives it.
double rate_of(GstClock* clock) {
    GstClockTime numerator = 1;
    GstClockTime denominator = 1;
    gst_clock_get_calibration(clock, nullptr, nullptr, &numerator, &denominator);
    return numerator != 0 && denominator != 0
               ? static_cast<double>(numerator) / static_cast<double>(denominator)
               : 1.0;
}

} // namespace

MediaClockSource::~MediaClockSource() {
    forget();
}

MediaClockSource::Found MediaClockSource::prepare(GstElement* element, const GstCaps* caps,
                                                  bool by_system) {
    Found found;
    const char* refclk = text_of(caps, "a-ts-refclk");
    const char* mediaclk = text_of(caps, "a-mediaclk");
    if (refclk == nullptr || mediaclk == nullptr) {
        GST_INFO_OBJECT(element, "the caps name no media clock: a-ts-refclk and a-mediaclk");
        return found;
    }
    const auto reference = parse_ts_refclk(refclk);
    const auto offset = parse_mediaclk(mediaclk);
    // Both, so that both faults are told.
    const bool refclk_ok = accept(element, "a-ts-refclk", refclk, reference);
    if (!accept(element, "a-mediaclk", mediaclk, offset) || !refclk_ok)
        return found;
    found.refclk = refclk;
    found.mediaclk = mediaclk;
    found.offset = offset.value;
    found.reference = reference.value;
    found.is_system = by_system;
    found.clock = make_clock(element, reference.value, by_system);
    if (found.clock == nullptr)
        GST_ELEMENT_WARNING(element, RESOURCE, OPEN_READ, (nullptr),
                            ("There is no clock for a-ts-refclk=\"%s\"; is GStreamer's PTP helper "
                             "installed, and may it run?",
                             refclk));
    return found;
}

void MediaClockSource::use(Found& found) {
    const bool same = clock_ != nullptr && found.clock != nullptr && refclk_ == found.refclk &&
                      mediaclk_ == found.mediaclk && is_system_ == found.is_system;
    if (same)
        return;
    GstClock* const old = std::exchange(clock_, nullptr);
    forget();
    clock_ = std::exchange(found.clock, old);
    if (clock_ == nullptr)
        return;
    refclk_ = found.refclk;
    mediaclk_ = found.mediaclk;
    is_system_ = found.is_system;
    epoch_ns_ = is_system_ && found.reference.kind == ReferenceClock::Kind::ntp ? kUnixEpochNs : 0;
    reference_caps_ = caps_of(found.reference);
    media_.start(found.offset);
    misplaced_ = 0;
    complained_ = false;
}

void MediaClockSource::forget() {
    gst_clear_object(&clock_);
    gst_clear_caps(&reference_caps_);
    compared_ = nullptr;
}

bool MediaClockSource::is_ours(GstClock* pipeline) {
    if (pipeline != compared_) {
        compared_ = pipeline;
        compared_is_ours_ = show_one_time(pipeline, clock_);
    }
    return compared_is_ours_;
}

std::int64_t MediaClockSource::reference_now_ns() const {
    return time_of(clock_) + epoch_ns_;
}

void MediaClockSource::read_clocks(GstClock* pipeline, GstClockTime base_time) {
    const std::int64_t base_ns = static_cast<std::int64_t>(base_time);
    MediaClock::Pair pair;
    if (is_ours(pipeline)) {
        pair.reference_ns = reference_now_ns();
        pair.running_ns = pair.reference_ns - epoch_ns_ - base_ns;
    } else {
        const std::int64_t before_ns = time_of(pipeline);
        pair.reference_ns = reference_now_ns();
        pair.spread_ns = time_of(pipeline) - before_ns;
        pair.running_ns = before_ns + pair.spread_ns / 2 - base_ns;
        pair.rate = rate_of(pipeline) / rate_of(clock_);
    }
    media_.note_pair(pair);
}

std::optional<MediaClock::Place>
MediaClockSource::place(std::uint32_t timestamp, std::uint32_t clock_rate, std::int64_t arrival_ns,
                        GstClock* pipeline, GstClockTime base_time) {
    if (clock_ == nullptr || pipeline == nullptr || gst_clock_is_synced(clock_) == FALSE)
        return std::nullopt;
    if (media_.wants_pair(arrival_ns))
        read_clocks(pipeline, base_time);
    const auto place = media_.place(timestamp, clock_rate, arrival_ns);
    misplaced_ = place ? 0 : misplaced_ + 1;
    return place;
}

std::optional<std::uint64_t> MediaClockSource::reference_ns(std::uint32_t timestamp,
                                                            std::uint32_t clock_rate,
                                                            std::int64_t arrival_ns) const {
    if (clock_ == nullptr)
        return std::nullopt;
    const auto place = media_.place(timestamp, clock_rate, arrival_ns);
    return place ? std::optional(static_cast<std::uint64_t>(place->reference_ns)) : std::nullopt;
}

bool MediaClockSource::take_complaint() {
    if (complained_ || misplaced_ < kManyMisplaced)
        return false;
    complained_ = true;
    return true;
}

} // namespace tactus
