// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/spectrum_meter.h"
#include "simdfft/audio_map.h"
#include "simdfft/settings.h"
#include "simdfft/spectrum_messages.h"

#include <gst/audio/audio.h>
#include <gst/gst.h>

#include <cstdint>
#include <optional>

namespace tactus {

/// The face of simdfft that `spectrum` has: it measures audio that passes and posts messages.
///
/// Threads: the streaming thread; reset() when that rests.
class MessageFace {
  public:
    explicit MessageFace(GstElement* element) : element_(element) {}

    /// To be called before audio comes and whenever one of these has changed. Begins anew where the
    /// peer does: for other caps, bands, interval or multi-channel. Throws invalid_argument for
    /// bands that cannot be.
    void configure(const SimdFftSettings& settings, const GstAudioInfo& info);
    /// Forgets all audio.
    void reset();

    /// Begins the interval anew.
    void flush();
    /// Posts a message for each interval that ends within `audio`, which begins at `pts`.
    void process(const AudioMap& audio, GstClockTime pts, const GstSegment& segment);

    std::uint64_t transforms() const;
    std::uint64_t messages() const { return messages_posted_; }

  private:
    void post(const GstSegment& segment);
    MessageShape shape() const;

    GstElement* element_;
    SimdFftSettings settings_;
    std::optional<SpectrumMeterConfig> config_;
    std::optional<SpectrumMeter> meter_;
    SpectrumMessages messages_;
    GstClockTime timestamp_ = GST_CLOCK_TIME_NONE; ///< of the interval's first frame
    std::uint64_t earlier_transforms_ = 0;         ///< of meters that are gone
    std::uint64_t messages_posted_ = 0;
};

} // namespace tactus
