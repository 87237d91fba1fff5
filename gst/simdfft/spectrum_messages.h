// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/spectrum_meter.h"
#include "simdfft/enums.h"

#include <gst/gst.h>

#include <array>
#include <cstddef>
#include <vector>

namespace tactus {

/// When a spectrum was, in ns or GST_CLOCK_TIME_NONE.
struct SpectrumTimes {
    GstClockTime timestamp = GST_CLOCK_TIME_NONE;
    GstClockTime stream_time = GST_CLOCK_TIME_NONE;
    GstClockTime running_time = GST_CLOCK_TIME_NONE;
    GstClockTime duration = GST_CLOCK_TIME_NONE;
};

/// What a message holds, apart from the numbers.
struct MessageShape {
    bool magnitudes = true;
    bool phases = false;
    bool multi_channel = false;
    MessageFormat format = MessageFormat::lists;
    std::size_t bands = 0;
    std::size_t spectra = 0;

    bool operator==(const MessageShape&) const = default;
};

/// Makes the element messages `spectrum`. A list of a thousand GValues costs more than the
/// transform, to make and to free; so messages are kept, and one that nobody else holds any more is
/// filled anew.
///
/// Threads: the streaming thread, and clear() when that rests. Kept messages own a reference to
/// their element, so clear() must be called before it can go.
class SpectrumMessages {
  public:
    SpectrumMessages() = default;
    ~SpectrumMessages() { clear(); }
    SpectrumMessages(const SpectrumMessages&) = delete;
    SpectrumMessages& operator=(const SpectrumMessages&) = delete;

    /// A message of the caller's; `meter` has finished its interval.
    GstMessage* make(GstElement* element, const MessageShape& shape, const SpectrumTimes& times,
                     const SpectrumMeter& meter);
    void clear();

  private:
    /// Where the numbers of one kind lie: for each spectrum its first value, which the others
    /// follow.
    using Rows = std::vector<GValue*>;

    struct Kept {
        GstMessage* message = nullptr;
        Rows magnitudes;
        Rows phases;
    };

    /// A kept message that may be filled anew, or a place for a new one.
    Kept& slot();
    void keep(Kept& kept, GstMessage* message);

    // Readers may lag by so many before messages are made anew.
    std::array<Kept, 8> kept_;
    std::size_t next_ = 0;
    MessageShape kept_shape_;
};

} // namespace tactus
