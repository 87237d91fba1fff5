// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/media_format.h"

#include "core/vulkan/shader_convention.h"
#include "glue/caps_text.h"
#include "glue/handles.h"
#include "vkcompute/shared_vulkan.h"

#include <array>
#include <vector>

namespace tactus {

namespace {

constexpr const char* kAllCaps =
    "video/x-raw, format=(string){ RGBA, BGRA, RGBx, BGRx, RGB, GRAY8, GRAY16_LE, NV12, I420, "
    "P010_10LE, Y42B, Y444, AYUV, RGBA64_LE }, width=(int)[ 1, 32768 ], height=(int)[ 1, 32768 ], "
    "framerate=(fraction)[ 0, max ]; "
    "audio/x-raw, format=(string){ F32LE, S16LE }, layout=(string){ interleaved, non-interleaved "
    "}, rate=(int)[ 1, max ], channels=(int)[ 1, 64 ]; "
    "application/octet-stream; audio/x-stft";

} // namespace

GstCaps* all_caps() {
    std::string text = kAllCaps;
    if (SharedVulkan::formats() != 0)
        text += std::string("; video/x-raw(") + kVulkanImageFeature + "), format=(string){ " +
                format_names(SharedVulkan::formats()) +
                " }, width=(int)[ 1, 32768 ], height=(int)[ 1, 32768 ], "
                "framerate=(fraction)[ 0, max ]";
    return gst_caps_from_string(text.c_str());
}

std::optional<MediaFormat> MediaFormat::from_caps(const GstCaps* caps) {
    MediaFormat media;
    const GstStructure* structure = gst_caps_get_structure(caps, 0);
    if (gst_structure_has_name(structure, "video/x-raw")) {
        media.kind_ = Kind::video;
        if (!gst_video_info_from_caps(&media.video_, caps))
            return std::nullopt;
        const auto format =
            pixel_format_named(gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&media.video_)));
        if (!format || !FrameLayout::create(*format, static_cast<std::uint32_t>(media.video_.width),
                                            static_cast<std::uint32_t>(media.video_.height)))
            return std::nullopt;
        media.format_ = *format;
        media.in_images_ = gst_caps_features_contains(gst_caps_get_features(caps, 0),
                                                      kVulkanImageFeature) != FALSE;
        return media;
    }
    if (gst_structure_has_name(structure, "audio/x-raw")) {
        media.kind_ = Kind::audio;
        if (!gst_audio_info_from_caps(&media.audio_, caps))
            return std::nullopt;
        const GstAudioFormat format = GST_AUDIO_INFO_FORMAT(&media.audio_);
        if (format != GST_AUDIO_FORMAT_F32LE && format != GST_AUDIO_FORMAT_S16LE)
            return std::nullopt;
        media.format_ = format == GST_AUDIO_FORMAT_F32LE ? PixelFormat::f32 : PixelFormat::s16;
        return media;
    }
    media.raw_caps_ = text_of(caps);
    return media;
}

std::uint32_t MediaFormat::rate() const {
    return kind_ == Kind::audio ? static_cast<std::uint32_t>(audio_.rate) : 0;
}

GstClockTime MediaFormat::frame_duration() const {
    if (kind_ != Kind::video || video_.fps_n <= 0 || video_.fps_d <= 0)
        return 0;
    return gst_util_uint64_scale_int(GST_SECOND, video_.fps_d, video_.fps_n);
}

FrameLayout MediaFormat::nominal_layout() const {
    if (kind_ == Kind::video)
        return FrameLayout::create(format_, static_cast<std::uint32_t>(video_.width),
                                   static_cast<std::uint32_t>(video_.height))
            .value();
    if (kind_ == Kind::audio)
        return FrameLayout::audio(format_, 1, static_cast<std::uint32_t>(audio_.channels),
                                  audio_.layout == GST_AUDIO_LAYOUT_INTERLEAVED);
    return FrameLayout::raw(4);
}

std::optional<FrameLayout> MediaFormat::layout_of(GstBuffer* buffer, std::string& wrong) const {
    if (kind_ == Kind::video)
        return in_images_ ? image_layout(buffer, wrong) : video_layout(buffer, wrong);
    if (kind_ == Kind::audio)
        return audio_layout(buffer, wrong);
    const gsize size = gst_buffer_get_size(buffer);
    if (size <= G_MAXUINT32)
        return FrameLayout::raw(size);
    wrong = "a buffer of " + std::to_string(size) + " bytes is too large; 4 GiB are the limit";
    return std::nullopt;
}

// Where a frame in images will lie once it was copied to a buffer.
std::optional<FrameLayout> MediaFormat::image_layout(GstBuffer* buffer, std::string& wrong) const {
    const GstVideoCropMeta* crop = gst_buffer_get_video_crop_meta(buffer);
    if (crop == nullptr)
        return nominal_layout();
    auto part = FrameLayout::create(format_, crop->width, crop->height);
    if (!part)
        wrong = "the crop " + std::to_string(crop->width) + "x" + std::to_string(crop->height) +
                " is no size of a frame";
    return part;
}

std::optional<FrameLayout> MediaFormat::video_layout(GstBuffer* buffer, std::string& wrong) const {
    const gsize size = gst_buffer_get_size(buffer);
    const GstVideoMeta* meta = gst_buffer_get_video_meta(buffer);
    const GstVideoCropMeta* crop = gst_buffer_get_video_crop_meta(buffer);
    FrameLayout nominal = nominal_layout();
    // Then the caps have the size of the part, and the meta that of the whole.
    if (meta != nullptr && crop != nullptr)
        nominal = FrameLayout::create(format_, meta->width, meta->height).value_or(nominal);
    std::vector<FrameLayout::Place> places;
    for (guint i = 0; i < nominal.plane_count; ++i) {
        const gint stride = meta != nullptr ? meta->stride[i] : video_.stride[i];
        const gsize offset = meta != nullptr ? meta->offset[i] : video_.offset[i];
        places.push_back({offset, static_cast<std::uint32_t>(std::max(stride, 0))});
    }
    auto layout = nominal.placed(places, size);
    if (!layout) {
        wrong = "a buffer of " + std::to_string(size) + " bytes does not hold a frame of " +
                std::to_string(nominal.width) + "x" + std::to_string(nominal.height) + " " +
                std::string(info_of(format_).name) + " with the strides and offsets it says";
        return std::nullopt;
    }
    if (crop != nullptr) {
        layout = layout->cropped(crop->x, crop->y, crop->width, crop->height);
        if (!layout)
            wrong = "the crop " + std::to_string(crop->width) + "x" + std::to_string(crop->height) +
                    " at " + std::to_string(crop->x) + "," + std::to_string(crop->y) +
                    " is not inside the frame of " + std::to_string(nominal.width) + "x" +
                    std::to_string(nominal.height);
    }
    return layout;
}

std::optional<FrameLayout> MediaFormat::audio_layout(GstBuffer* buffer, std::string& wrong) const {
    const gsize size = gst_buffer_get_size(buffer);
    const auto channels = static_cast<std::uint32_t>(audio_.channels);
    const bool interleaved = audio_.layout == GST_AUDIO_LAYOUT_INTERLEAVED;
    const GstAudioMeta* meta = gst_buffer_get_audio_meta(buffer);
    const gsize samples =
        meta != nullptr ? meta->samples : size / static_cast<gsize>(GST_AUDIO_INFO_BPF(&audio_));
    FrameLayout layout =
        FrameLayout::audio(format_, static_cast<std::uint32_t>(samples), channels, interleaved);
    if (!interleaved && meta != nullptr && channels > 1) {
        // Shaders step from channel to channel by one stride.
        const gsize step = meta->offsets[1] - meta->offsets[0];
        for (std::uint32_t i = 1; i < channels; ++i)
            if (meta->offsets[i] != meta->offsets[0] + i * step) {
                wrong = "the channels of planar audio are not equally far apart";
                return std::nullopt;
            }
        layout.planes[0].offset_bytes = meta->offsets[0];
        layout.planes[0].stride_bytes = static_cast<std::uint32_t>(step);
        layout.size_bytes = size;
    }
    if (layout.planes[0].end_bytes() <= size)
        return layout;
    wrong = "a buffer of " + std::to_string(size) + " bytes does not hold " +
            std::to_string(samples) + " samples of " + std::to_string(channels) + " channels";
    return std::nullopt;
}

GstCaps* MediaFormat::caps_for(PixelFormat format, std::uint32_t width,
                               std::uint32_t height) const {
    if (kind_ == Kind::raw)
        return gst_caps_from_string(raw_caps_.c_str());
    if (kind_ == Kind::audio) {
        GstAudioInfo info = audio_;
        gst_audio_info_set_format(
            &info, format == PixelFormat::f32 ? GST_AUDIO_FORMAT_F32LE : GST_AUDIO_FORMAT_S16LE,
            audio_.rate, audio_.channels, audio_.position);
        info.layout = audio_.layout;
        return gst_audio_info_to_caps(&info);
    }
    GstVideoInfo info = video_;
    const std::string name(info_of(format).name);
    // Sets everything anew, so that RGB gets no matrix of Y'CbCr.
    gst_video_info_set_format(&info, gst_video_format_from_string(name.c_str()), width, height);
    info.fps_n = video_.fps_n;
    info.fps_d = video_.fps_d;
    info.par_n = video_.par_n;
    info.par_d = video_.par_d;
    info.interlace_mode = video_.interlace_mode;
    info.flags = video_.flags;
    if (format == format_) {
        info.colorimetry = video_.colorimetry;
        info.chroma_site = video_.chroma_site;
    }
    return gst_video_info_to_caps(&info);
}

} // namespace tactus
