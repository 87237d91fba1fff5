// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/canvas.h"
#include "glue/handles.h"

#include <gst/gst.h>
#include <gst/video/video.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace tactus {

// What core draws, and what else that is converted to.
#define TACTUS_DRAWN_FORMATS "{ BGRx, RGBx, BGRA, RGBA, GRAY8 }"
#define TACTUS_CONVERTED_FORMATS                                                                   \
    "{ xRGB, xBGR, ARGB, ABGR, RGB, BGR, I420, YV12, NV12, NV21, YUY2, UYVY, AYUV }"

/// Has pictures drawn into the buffers of a video, whatever their format.
///
/// Threads: one at a time. Steady pictures that need no conversion allocate nothing.
class PictureWriter {
  public:
    using Draw = std::function<void(std::uint8_t* pixels, std::size_t stride_bytes)>;

    /// For pictures like this, in one of the formats above. Throws runtime_error if they cannot be
    /// converted.
    void configure(const GstVideoInfo& info);

    /// What `draw` has to draw.
    PixelFormat drawn_format() const;
    /// False if the buffer cannot be written to.
    bool write(GstBuffer* buffer, const Draw& draw) const;

  private:
    struct ConverterFree {
        void operator()(GstVideoConverter* converter) const { gst_video_converter_free(converter); }
    };

    bool draw_and_convert(GstVideoFrame& to, const Draw& draw) const;

    GstVideoInfo info_{};
    GstVideoInfo drawn_{};
    BufferHandle drawn_buffer_; ///< none if nothing is converted
    std::unique_ptr<GstVideoConverter, ConverterFree> converter_;
};

} // namespace tactus
