// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/audio_filter.h"
#include "simdfft/filter_responses.h"

#include <glib-object.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tactus {

/// Where the responses of simdfftfilter come from: the property that was set last. Never changed
/// once it is made, so that threads share it.
struct FilterSource {
    enum class Kind : std::uint8_t { kernel, file, bytes };

    Kind kind = Kind::kernel;
    std::vector<double> kernel; ///< empty: the one tap 1
    std::string file;
    std::vector<std::byte> bytes;

    /// `bytes_responses`: how many responses the bytes hold. Throws what FilterResponses does.
    FilterResponses read(unsigned bytes_responses) const;

    /// What the property `id` says; null if it is none of a source.
    static std::shared_ptr<const FilterSource> of_property(guint id, const GValue* value);
};

/// The other properties, in their own units; the defaults live here alone.
struct FilterSettings {
    unsigned latency_frames = 256;
    std::uint64_t delay_frames = 0; ///< property `latency`
    bool low_latency = false;
    bool drain_on_changes = false;
    bool drain_tail = false;
    unsigned kernel_channels = 1;
    unsigned out_channels = 0; ///< 0: as many as come in

    AudioFilter::Config config(FilterSample sample) const;
    /// How many frames later than it came in the sound comes out.
    std::uint64_t latency() const { return delay_frames + (low_latency ? 0 : latency_frames); }
};

/// What a changed property asks for while audio flows.
enum class FilterChange : std::uint8_t {
    unknown,  ///< there is no such property
    none,     ///< nothing, or it counts from the next start on
    response, ///< another response
    delay,    ///< to begin anew, as frames shift
};

/// Installs all properties.
void install_filter_properties(GObjectClass* klass);
FilterChange set_filter_property(FilterSettings& settings, guint id, const GValue* value);
bool get_filter_property(const FilterSettings& settings, const FilterSource& source, guint id,
                         GValue* value);
extern const guint kFilterStatsId;

} // namespace tactus
