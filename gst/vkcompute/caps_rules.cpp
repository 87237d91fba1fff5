// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/caps_rules.h"

#include "glue/caps_text.h"
#include "glue/handles.h"

#include <gst/video/video.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace tactus {

namespace {

constexpr const char* kPar = "pixel-aspect-ratio";

struct Fraction {
    int n = 1;
    int d = 1;
};

Fraction times(Fraction a, int n, int d) {
    Fraction result;
    return gst_util_fraction_multiply(a.n, a.d, n, d, &result.n, &result.d) ? result : a;
}

// A structure with nothing but one field of another; null if it is not there.
StructureHandle only_field(const GstStructure* from, const char* field) {
    const GValue* value = from != nullptr ? gst_structure_get_value(from, field) : nullptr;
    if (value == nullptr)
        return nullptr;
    StructureHandle result(gst_structure_new_empty("field"));
    gst_structure_set_value(result.get(), field, value);
    return result;
}

int nearest_side(const GstStructure* allowed, const char* field, double wanted) {
    const int rounded = static_cast<int>(
        std::clamp<double>(std::round(wanted), 1, static_cast<double>(FrameLayout::kLargestSide)));
    const StructureHandle s = only_field(allowed, field);
    gint value = rounded;
    if (s) {
        gst_structure_fixate_field_nearest_int(s.get(), field, rounded);
        gst_structure_get_int(s.get(), field, &value);
    }
    return value;
}

Fraction nearest_par(const GstStructure* allowed, Fraction wanted) {
    const StructureHandle s = only_field(allowed, kPar);
    if (s) {
        gst_structure_fixate_field_nearest_fraction(s.get(), kPar, wanted.n, wanted.d);
        gst_structure_get_fraction(s.get(), kPar, &wanted.n, &wanted.d);
    }
    return wanted;
}

bool is_open(const GstStructure* allowed, const char* field) {
    const GValue* value = allowed != nullptr ? gst_structure_get_value(allowed, field) : nullptr;
    return value == nullptr || !gst_value_is_fixed(value);
}

const GstVideoFormatInfo* format_info(PixelFormat format) {
    const std::string name(info_of(format).name);
    return gst_video_format_get_info(gst_video_format_from_string(name.c_str()));
}

void change_colors(GstStructure* s, const GstVideoInfo& before, const GstVideoFormatInfo* after) {
    const auto model = [](const GstVideoFormatInfo* info) {
        return info->flags &
               (GST_VIDEO_FORMAT_FLAG_YUV | GST_VIDEO_FORMAT_FLAG_RGB | GST_VIDEO_FORMAT_FLAG_GRAY);
    };
    const bool same_model = model(before.finfo) == model(after);
    if (!same_model || before.finfo->w_sub[1] != after->w_sub[1] ||
        before.finfo->h_sub[1] != after->h_sub[1])
        gst_structure_remove_field(s, "chroma-site");
    if (same_model || !gst_structure_has_field(s, "colorimetry"))
        return;
    gst_structure_remove_field(s, "colorimetry");
    if (!GST_VIDEO_FORMAT_INFO_IS_RGB(after))
        return;
    GstVideoColorimetry colors = before.colorimetry;
    colors.range = GST_VIDEO_COLOR_RANGE_0_255;
    colors.matrix = GST_VIDEO_COLOR_MATRIX_RGB;
    gchar* text = gst_video_colorimetry_to_string(&colors);
    if (text != nullptr)
        gst_structure_set(s, "colorimetry", G_TYPE_STRING, text, nullptr);
    g_free(text);
}

// What fields mean that are not there.
CapsHandle with_defaults(const GstCaps* caps) {
    GstVideoInfo info;
    const bool is_video =
        gst_structure_has_name(gst_caps_get_structure(caps, 0), "video/x-raw") != FALSE &&
        gst_video_info_from_caps(&info, caps);
    return CapsHandle(is_video ? gst_video_info_to_caps(&info) : gst_caps_copy(caps));
}

} // namespace

FrameShape nearest_shape(const FrameShape& in, const GstStructure* allowed) {
    int width = nearest_side(allowed, "width", in.width);
    int height = nearest_side(allowed, "height", in.height);
    const Fraction display =
        times({in.par_n, in.par_d}, static_cast<int>(in.width), static_cast<int>(in.height));
    const Fraction wanted = times(display, height, width);
    const Fraction par = nearest_par(allowed, wanted);
    if (std::int64_t{par.n} * wanted.d != std::int64_t{wanted.n} * par.d) {
        const double ratio = double{1} * display.n / display.d * par.d / par.n;
        if (is_open(allowed, "width"))
            width = nearest_side(allowed, "width", height * ratio);
        if (is_open(allowed, "height"))
            height = nearest_side(allowed, "height", width / ratio);
    }
    return {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), par.n, par.d};
}

GstCaps* caps_like(const GstCaps* in, PixelFormat format, const FrameShape& shape) {
    GstCaps* caps = gst_caps_copy(in);
    GstStructure* s = gst_caps_get_structure(caps, 0);
    const gchar* before = gst_structure_get_string(s, "format");
    const std::string name(info_of(format).name);
    GstVideoInfo video;
    if (gst_structure_has_name(s, "audio/x-raw"))
        gst_structure_set(s, "format", G_TYPE_STRING, name.c_str(), nullptr);
    if (!gst_structure_has_name(s, "video/x-raw") || !gst_video_info_from_caps(&video, in))
        return caps;
    gst_structure_set(s, "width", G_TYPE_INT, static_cast<int>(shape.width), "height", G_TYPE_INT,
                      static_cast<int>(shape.height), nullptr);
    if (gst_structure_has_field(s, kPar) || shape.par_n != shape.par_d)
        gst_structure_set(s, kPar, GST_TYPE_FRACTION, shape.par_n, shape.par_d, nullptr);
    if (before == nullptr || name != before) {
        change_colors(s, video, format_info(format));
        gst_structure_set(s, "format", G_TYPE_STRING, name.c_str(), nullptr);
    }
    return caps;
}

namespace {

// " (RGBA, BGRA)"; nothing for so many formats that one is as good as another.
std::string brief_formats_of(const GstStructure* structure) {
    constexpr guint kFew = 16;
    const GValue* const value = gst_structure_get_value(structure, "format");
    if (value == nullptr)
        return {};
    if (!GST_VALUE_HOLDS_LIST(value))
        return " (" + text_of(value) + ")";
    const guint count = gst_value_list_get_size(value);
    if (count > kFew)
        return {};
    std::vector<std::string> formats;
    for (guint i = 0; i < count; ++i)
        formats.push_back(text_of(gst_value_list_get_value(value, i)));
    return " (" + joined(formats, ", ") + ")";
}

} // namespace

std::string brief_text_of(const GstCaps* caps) {
    if (gst_caps_is_any(caps) || gst_caps_is_empty(caps))
        return gst_caps_is_any(caps) ? "anything" : "nothing";
    std::vector<std::string> parts;
    for (guint i = 0; i < gst_caps_get_size(caps); ++i) {
        const GstStructure* const s = gst_caps_get_structure(caps, i);
        const std::string part = gst_structure_get_name(s) + brief_formats_of(s);
        if (std::find(parts.begin(), parts.end(), part) == parts.end())
            parts.push_back(part);
    }
    return joined(parts, " or ");
}

std::string unmet_fields(const GstCaps* wanted, const GstCaps* caps) {
    if (wanted == nullptr || gst_caps_is_any(wanted) || gst_caps_is_empty(wanted))
        return {};
    const GstStructure* asked = gst_caps_get_structure(wanted, 0);
    const GstStructure* made = gst_caps_get_structure(caps, 0);
    if (!gst_structure_has_name(made, gst_structure_get_name(asked)))
        return std::string("it is ") + gst_structure_get_name(made) + ", not " +
               gst_structure_get_name(asked);
    const CapsHandle full = with_defaults(caps);
    std::string text;
    for (gint i = 0; i < gst_structure_n_fields(asked); ++i) {
        const gchar* field = gst_structure_nth_field_name(asked, static_cast<guint>(i));
        const GValue* there = gst_structure_get_value(made, field);
        if (there == nullptr)
            there = gst_structure_get_value(gst_caps_get_structure(full.get(), 0), field);
        const GValue* value = gst_structure_get_value(asked, field);
        if (there != nullptr && gst_value_intersect(nullptr, value, there))
            continue;
        text += (text.empty() ? "" : "; ") + std::string(field) + " is " +
                (there != nullptr ? text_of(there) : "not set") + ", not " + text_of(value);
    }
    return text;
}

} // namespace tactus
