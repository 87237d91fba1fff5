// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/settings.h"

#include <gst/gst.h>

namespace tactus {

/// The settings as GObject properties, for the tracer and for the probe. They have the ids from 1
/// on; an object's own properties begin at kFirstOwnProperty.
constexpr guint kFirstOwnProperty = 16;

void install_setting_properties(GObjectClass* klass, GParamFlags flags);
/// False if `id` is none of a setting.
bool get_setting(const Settings& settings, guint id, GValue* value);
bool set_setting(Settings& settings, guint id, const GValue* value);

} // namespace tactus
