// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/sample_reader.h"

#include <gst/audio/audio.h>

#include <cstddef>
#include <cstdint>

namespace tactus {

/// Reads the caps of audio into `info`. False after an error message of `element`: they are none,
/// or GStreamer cannot count the bytes of such a frame.
bool read_audio_caps(GstElement* element, GstCaps* caps, GstAudioInfo& info);

/// The layout of these samples for core; `format` must be one of simdfft's.
SampleLayout layout_of(const GstAudioInfo& info);

/// The caps of all formats that SampleReader reads, as a list of names.
#define TACTUS_SAMPLE_FORMATS                                                                      \
    "{ F32LE, F32BE, S16LE, S16BE, S24LE, S24BE, S32LE, S32BE, F64LE, F64BE, S24_32LE, S24_32BE, " \
    "S8, U8 }"

/// The caps of all audio that AudioMap reads.
#define TACTUS_AUDIO_CAPS                                                                          \
    "audio/x-raw, format=(string)" TACTUS_SAMPLE_FORMATS                                           \
    ", rate=(int)[ 1, 2147483647 ], channels=(int)[ 1, 2147483647 ], "                             \
    "layout=(string){ interleaved, non-interleaved }"

/// Sample frames of a buffer, without mapping it.
std::uint64_t frames_in(GstBuffer* buffer, const GstAudioInfo& info);

/// A buffer of audio, mapped for reading while this lives.
///
/// Ownership: borrows `buffer` and `info`, which must outlive it. Errors: not mapped, `frames` is
/// 0.
class AudioMap {
  public:
    AudioMap(GstBuffer* buffer, const GstAudioInfo& info);
    ~AudioMap();
    AudioMap(const AudioMap&) = delete;
    AudioMap& operator=(const AudioMap&) = delete;

    bool is_mapped() const { return mapped_; }
    std::size_t frames() const { return frames_; }
    /// Bytes at the end that are no whole frame.
    std::size_t rest_bytes() const { return rest_bytes_; }
    /// One address for each channel if planar, else one.
    const std::uint8_t* const* blocks() const;

  private:
    GstBuffer* buffer_;
    bool planar_;
    bool mapped_ = false;
    std::size_t frames_ = 0;
    std::size_t rest_bytes_ = 0;
    const std::uint8_t* block_ = nullptr;
    GstMapInfo map_;
    GstAudioBuffer audio_;
};

} // namespace tactus
