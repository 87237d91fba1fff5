// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace tactus {

/// The page of the report, before and after the place of its data. embed_report.py makes the
/// definitions from report_template.html.
std::string_view report_page_head();
std::string_view report_page_tail();

} // namespace tactus
