// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "simdfft/enums.h"

#include <glib-object.h>

#include <cstdint>

namespace tactus {

/// The properties of simdfft; the defaults live here alone.
struct SimdFftSettings {
    bool post_messages = true;
    bool message_magnitude = true;
    bool message_phase = false;
    std::uint64_t interval_ns = 100'000'000;
    unsigned bands = 128;
    int threshold_db = -60;
    bool multi_channel = false;
    bool qos = false;
    MessageFormat message_format = MessageFormat::lists;
};

/// Installs all properties: those of the settings, then stats.
void install_simdfft_properties(GObjectClass* klass);

/// False if `id` is none of the settings.
bool set_setting(SimdFftSettings& settings, guint id, const GValue* value);
bool get_setting(const SimdFftSettings& settings, guint id, GValue* value);

extern const guint kSimdFftStatsId;

} // namespace tactus
