// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "soak.h"

#include <string>

namespace tactus::soak {

/// The tables that a person reads.
void print_report(const Result& result, const Options& options);
/// The same for programs. False if the file cannot be written.
bool write_json(const Result& result, const Options& options);

} // namespace tactus::soak
