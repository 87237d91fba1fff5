// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/picture_writer.h"

#include <optional>
#include <stdexcept>
#include <string>

namespace tactus {

namespace {

/// What core draws for it; nothing if that has to be converted.
std::optional<PixelFormat> drawn_as(GstVideoFormat format) {
    switch (format) {
    case GST_VIDEO_FORMAT_BGRx:
    case GST_VIDEO_FORMAT_BGRA:
        return PixelFormat::bgra;
    case GST_VIDEO_FORMAT_RGBx:
    case GST_VIDEO_FORMAT_RGBA:
        return PixelFormat::rgba;
    case GST_VIDEO_FORMAT_GRAY8:
        return PixelFormat::grey;
    default:
        return std::nullopt;
    }
}

/// A picture mapped while this lives.
class FrameMap {
  public:
    FrameMap(const GstVideoInfo& info, GstBuffer* buffer, GstMapFlags flags)
        : mapped_(gst_video_frame_map(&frame_, &info, buffer, flags) != FALSE) {}
    ~FrameMap() {
        if (mapped_)
            gst_video_frame_unmap(&frame_);
    }
    FrameMap(const FrameMap&) = delete;
    FrameMap& operator=(const FrameMap&) = delete;

    bool is_mapped() const { return mapped_; }
    GstVideoFrame& frame() { return frame_; }

  private:
    GstVideoFrame frame_;
    bool mapped_;
};

void draw_in(GstVideoFrame& frame, const PictureWriter::Draw& draw) {
    draw(static_cast<std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0)),
         static_cast<std::size_t>(GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0)));
}

} // namespace

void PictureWriter::configure(const GstVideoInfo& info) {
    converter_.reset();
    drawn_buffer_.reset();
    info_ = drawn_ = info;
    if (drawn_as(GST_VIDEO_INFO_FORMAT(&info)))
        return;
    gst_video_info_set_format(&drawn_, GST_VIDEO_FORMAT_BGRx,
                              static_cast<guint>(GST_VIDEO_INFO_WIDTH(&info)),
                              static_cast<guint>(GST_VIDEO_INFO_HEIGHT(&info)));
    GST_VIDEO_INFO_FPS_N(&drawn_) = GST_VIDEO_INFO_FPS_N(&info);
    GST_VIDEO_INFO_FPS_D(&drawn_) = GST_VIDEO_INFO_FPS_D(&info);
    GST_VIDEO_INFO_INTERLACE_MODE(&drawn_) = GST_VIDEO_INFO_INTERLACE_MODE(&info);
    drawn_buffer_.reset(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&drawn_), nullptr));
    converter_.reset(gst_video_converter_new(&drawn_, &info_, nullptr));
    if (drawn_buffer_ == nullptr || converter_ == nullptr)
        throw std::runtime_error(std::string("pictures cannot be converted to ") +
                                 gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&info)));
}

PixelFormat PictureWriter::drawn_format() const {
    return drawn_as(GST_VIDEO_INFO_FORMAT(&drawn_)).value();
}

bool PictureWriter::write(GstBuffer* buffer, const Draw& draw) const {
    FrameMap map(info_, buffer, GST_MAP_WRITE);
    if (!map.is_mapped())
        return false;
    if (converter_ != nullptr)
        return draw_and_convert(map.frame(), draw);
    draw_in(map.frame(), draw);
    return true;
}

bool PictureWriter::draw_and_convert(GstVideoFrame& to, const Draw& draw) const {
    FrameMap drawn(drawn_, drawn_buffer_.get(), GST_MAP_READWRITE);
    if (!drawn.is_mapped())
        return false;
    draw_in(drawn.frame(), draw);
    gst_video_converter_frame(converter_.get(), &drawn.frame(), &to);
    return true;
}

} // namespace tactus
