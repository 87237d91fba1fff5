// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/filter_settings.h"

#include "glue/properties.h"
#include "glue/setting_value.h"
#include "glue/value_array.h"

#include <gst/gst.h>

#include <array>
#include <cstring>
#include <variant>

namespace tactus {

namespace {

using S = FilterSettings;
using Kind = PropertySpec::Kind;
using Access = PropertySpec::Access;

constexpr S kDefaults;

using Member = std::variant<bool S::*, unsigned S::*, std::uint64_t S::*>;

struct Setting {
    PropertySpec spec;
    Member member;
    FilterChange change;
};

constexpr PropertySpec flag(const char* name, const char* nick, bool value, const char* blurb,
                            Access access = Access::playing) {
    return {name, nick, blurb, Kind::boolean, access, value, 0, 1};
}

constexpr PropertySpec count(const char* name, const char* nick, unsigned value, unsigned least,
                             unsigned most, const char* blurb, Access access = Access::ready) {
    return {name, nick, blurb, Kind::uint, access, value, least, most};
}

constexpr std::array kSettings = {
    Setting{count("latency-frames", "Block length (frames)", kDefaults.latency_frames,
                  ConvolutionLayout::kLeastBlockFrames, ConvolutionLayout::kMostBlockFrames,
                  "Length of the blocks that are filtered, in frames; audio comes out by so much "
                  "later, and longer blocks cost less"),
            &S::latency_frames, FilterChange::none},
    Setting{PropertySpec{"latency", "Delay of the response (frames)",
                         "How many frames of the result are left out at the beginning and appended "
                         "at the end: by so many frames the response delays the sound (half its "
                         "length if it is symmetric)",
                         Kind::uint64, Access::playing, kDefaults.delay_frames, 0,
                         ConvolutionLayout::kMostTaps},
            &S::delay_frames, FilterChange::delay},
    Setting{flag("low-latency", "Low latency", kDefaults.low_latency,
                 "Do not collect blocks: each buffer comes out at once, which costs more if "
                 "buffers are shorter than latency-frames",
                 Access::ready),
            &S::low_latency, FilterChange::none},
    Setting{flag("drain-on-changes", "Drain on changes", kDefaults.drain_on_changes,
                 "Begin anew with a new response, with silence before, instead of fading over to "
                 "it (audiofirfilter 1.22 means the opposite, so that its default sounds like this "
                 "one)"),
            &S::drain_on_changes, FilterChange::none},
    Setting{flag("drain-tail", "Drain the tail", kDefaults.drain_tail,
                 "Let the response ring on after the end of the stream; else the result is as long "
                 "as what came in"),
            &S::drain_tail, FilterChange::none},
    Setting{count("kernel-channels", "Responses in kernel-bytes", kDefaults.kernel_channels, 1,
                  ConvolutionFilter::kMostChannels* ConvolutionFilter::kMostChannels,
                  "How many responses kernel-bytes holds: 1 for all channels, one for each, or one "
                  "from each to each (those of the first input to all outputs, then of the second)",
                  Access::playing),
            &S::kernel_channels, FilterChange::none},
    Setting{count("out-channels", "Output channels", kDefaults.out_channels, 0,
                  ConvolutionFilter::kMostChannels,
                  "How many channels come out, with a response from each to each (0 = as many as "
                  "come in)"),
            &S::out_channels, FilterChange::none},
};

enum SourceId : guint {
    kKernelId = kSettings.size() + 1,
    kFileId,
    kBytesId,
    kStatsId,
};

// --- kernel-bytes

std::vector<std::byte> from_bytes(const GValue* value) {
    auto* const bytes = static_cast<GBytes*>(g_value_get_boxed(value));
    if (bytes == nullptr)
        return {};
    gsize size = 0;
    const auto* const data = static_cast<const std::byte*>(g_bytes_get_data(bytes, &size));
    return {data, data + size};
}

GParamFlags writable() {
    return static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                    GST_PARAM_MUTABLE_PLAYING);
}

void install_sources(GObjectClass* klass) {
    g_object_class_install_property(
        klass, kKernelId,
        g_param_spec_value_array(
            "kernel", "Response (taps)", "The taps of one response, for all channels (empty = 1)",
            g_param_spec_double("tap", "Tap", "A tap", -G_MAXDOUBLE, G_MAXDOUBLE, 0, writable()),
            writable()));
    g_object_class_install_property(
        klass, kFileId,
        g_param_spec_string("kernel-file", "Response file",
                            "An audio file whose channels are responses: 1 for all channels, one "
                            "for each, or one from each to each",
                            nullptr, writable()));
    g_object_class_install_property(
        klass, kBytesId,
        g_param_spec_boxed("kernel-bytes", "Response bytes",
                           "kernel-channels responses as frames of float32 in the machine's byte "
                           "order: the first tap of each, then the second",
                           G_TYPE_BYTES, writable()));
}

} // namespace

const guint kFilterStatsId = kStatsId;

FilterResponses FilterSource::read(unsigned bytes_responses) const {
    switch (kind) {
    case Kind::file:
        return FilterResponses::from_file(file);
    case Kind::bytes:
        return FilterResponses::from_frames(bytes, bytes_responses);
    case Kind::kernel:
        break;
    }
    return FilterResponses::from_taps(kernel);
}

std::shared_ptr<const FilterSource> FilterSource::of_property(guint id, const GValue* value) {
    auto source = std::make_shared<FilterSource>();
    if (id == kKernelId) {
        source->kernel = doubles_from_array(value);
    } else if (id == kFileId) {
        const char* const path = g_value_get_string(value);
        source->file = path != nullptr ? path : "";
        if (!source->file.empty())
            source->kind = Kind::file;
    } else if (id == kBytesId) {
        source->bytes = from_bytes(value);
        if (!source->bytes.empty())
            source->kind = Kind::bytes;
    } else {
        return nullptr;
    }
    return source;
}

AudioFilter::Config FilterSettings::config(FilterSample sample) const {
    return {sample, latency_frames, !low_latency, delay_frames};
}

void install_filter_properties(GObjectClass* klass) {
    static constexpr auto kTable = specs_of(kSettings);
    install_properties(klass, kTable);
    install_sources(klass);
    g_object_class_install_property(
        klass, kStatsId,
        g_param_spec_boxed("stats", "Statistics",
                           "Frames, discontinuities and responses; the time that a buffer takes, "
                           "P50/P99/P99.9/max in ns",
                           GST_TYPE_STRUCTURE,
                           static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

FilterChange set_filter_property(FilterSettings& settings, guint id, const GValue* value) {
    return take_property(kSettings, settings, id, value) ? kSettings[id - 1].change
                                                         : FilterChange::unknown;
}

bool get_filter_property(const FilterSettings& settings, const FilterSource& source, guint id,
                         GValue* value) {
    switch (id) {
    case kKernelId:
        g_value_take_boxed(value, array_from_doubles(source.kernel));
        return true;
    case kFileId:
        g_value_set_string(value, source.file.empty() ? nullptr : source.file.c_str());
        return true;
    case kBytesId:
        g_value_take_boxed(value, source.bytes.empty()
                                      ? nullptr
                                      : g_bytes_new(source.bytes.data(), source.bytes.size()));
        return true;
    default:
        return give_property(kSettings, settings, id, value);
    }
}

} // namespace tactus
