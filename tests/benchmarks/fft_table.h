// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "fft_rounds.h"

#include <string>
#include <vector>

namespace tactus::bench {

void print_header(const std::vector<Target>& targets, unsigned rounds);
void print_row(const Row& row);
/// Throws runtime_error if the file cannot be written.
void write_json(const std::string& path, unsigned rounds, const std::vector<Row>& rows,
                const std::vector<Target>& targets);

} // namespace tactus::bench
