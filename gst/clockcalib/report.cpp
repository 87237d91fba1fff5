// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/report.h"

#include "clockcalib/atomic_files.h"
#include "clockcalib/report_page.h"

namespace tactus {

std::string report_json_path(std::string_view html_path) {
    for (const std::string_view ending : {".html", ".htm"}) {
        if (html_path.ends_with(ending)) {
            html_path.remove_suffix(ending.size());
            break;
        }
    }
    return std::string(html_path) + ".json";
}

std::string report_html(std::string_view json) {
    std::string page(report_page_head());
    page.reserve(page.size() + json.size() + report_page_tail().size());
    for (const char c : json) {
        // In JSON "<" stands in strings only. Without it no text can end the script element or
        // open a comment.
        if (c == '<')
            page += "\\u003c";
        else
            page += c;
    }
    page += report_page_tail();
    return page;
}

std::string why_no_report(const std::string& html_path) {
    const std::string problem = why_not_writable(html_path);
    return problem.empty() ? why_not_writable(report_json_path(html_path)) : problem;
}

std::string write_report(const std::string& html_path, const StatsView& view) {
    const std::string json = json_text(stats_to_json(view));
    const std::string html = report_html(json);
    return write_files_atomically({{report_json_path(html_path), json}, {html_path, html}});
}

} // namespace tactus
