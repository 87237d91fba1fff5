// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/page_report.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>

namespace tactus {

namespace {

constexpr std::size_t kPagesAtATime = 512;

/// Looks for pages, and counts where they were found.
class Sampler {
  public:
    Sampler(PageCalls& calls, PageSample& sample)
        : calls_(calls), sample_(sample), page_bytes_(page_bytes(PageKind::small)) {}

    void look(const PageRange& range, std::size_t count, std::uint64_t turn);

  private:
    void ask(std::uint64_t bytes_each);

    PageCalls& calls_;
    PageSample& sample_;
    std::size_t page_bytes_;
    std::vector<void*> pages_;
    std::vector<int> nodes_;
};

void Sampler::look(const PageRange& range, std::size_t count, std::uint64_t turn) {
    const std::size_t all = range.bytes / page_bytes_;
    count = std::min(count, all);
    if (count == 0)
        return;
    const std::size_t step = all / count;
    const std::size_t first = static_cast<std::size_t>(turn % step);
    auto* data = const_cast<std::byte*>(range.data); // the kernel's signature; nothing is written
    for (std::size_t i = 0; i < count; ++i) {
        pages_.push_back(data + (i * step + first) * page_bytes_);
        if (pages_.size() == kPagesAtATime || i + 1 == count)
            ask(range.bytes / count);
    }
}

void Sampler::ask(std::uint64_t bytes_each) {
    nodes_.assign(pages_.size(), -1);
    const CallError error = calls_.locate(pages_, nodes_);
    pages_.clear();
    if (error != 0)
        return;
    for (const int node : nodes_) {
        ++sample_.sampled_pages;
        if (node < 0) {
            ++sample_.absent_pages;
            continue;
        }
        const auto at = static_cast<std::size_t>(node);
        if (at >= sample_.node_pages.size()) {
            sample_.node_pages.resize(at + 1);
            sample_.node_bytes.resize(at + 1);
        }
        ++sample_.node_pages[at];
        sample_.node_bytes[at] += bytes_each;
    }
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end == text.data())
        return std::nullopt;
    return value;
}

/// The share of an area that lies in the ranges, from a line like "7f12a000-7f12b000 rw-p ...";
/// none if the line is not the head of an area.
std::optional<double> share_of_area(std::string_view line, std::span<const PageRange> ranges) {
    const std::size_t dash = line.find('-');
    const std::size_t colon = line.find(':');
    if (dash == std::string_view::npos || (colon != std::string_view::npos && colon < dash))
        return std::nullopt;
    const auto begin = number(line.substr(0, dash), 16);
    const auto end = number(line.substr(dash + 1), 16);
    if (!begin || !end || *end <= *begin)
        return std::nullopt;
    std::uint64_t inside = 0;
    for (const PageRange& range : ranges) {
        const auto data = reinterpret_cast<std::uint64_t>(range.data);
        const std::uint64_t from = std::max(*begin, data);
        const std::uint64_t to = std::min(*end, data + range.bytes);
        inside += to > from ? to - from : 0;
    }
    return static_cast<double>(inside) / static_cast<double>(*end - *begin);
}

std::uint64_t part(std::string_view kib_text, double share) {
    const std::size_t digit = kib_text.find_first_of("0123456789");
    if (digit == std::string_view::npos)
        return 0;
    const auto kib = number(kib_text.substr(digit), 10);
    return kib ? static_cast<std::uint64_t>(std::llround(static_cast<double>(*kib) * 1024 * share))
               : 0;
}

} // namespace

double PageSample::remote_share(unsigned node) const {
    const auto present = std::accumulate(node_pages.begin(), node_pages.end(), std::uint64_t{0});
    if (present == 0)
        return 0;
    const std::uint64_t local = node < node_pages.size() ? node_pages[node] : 0;
    return static_cast<double>(present - local) / static_cast<double>(present);
}

void read_smaps(std::istream& smaps, std::span<const PageRange> ranges, PageSample& sample) {
    constexpr std::string_view kHuge[] = {
        "AnonHugePages:", "ShmemPmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:"};
    double share = 0;
    std::string line;
    while (std::getline(smaps, line)) {
        if (const auto next = share_of_area(line, ranges)) {
            share = *next;
            continue;
        }
        if (share == 0)
            continue;
        const std::string_view text(line);
        const std::string_view name = text.substr(0, text.find(':') + 1);
        if (std::find(std::begin(kHuge), std::end(kHuge), name) != std::end(kHuge))
            sample.huge_bytes += part(text.substr(name.size()), share);
        else if (name == "Locked:")
            sample.locked_bytes += part(text.substr(name.size()), share);
    }
}

PageSample sample_pages(PageCalls& calls, std::span<const PageRange> ranges, std::size_t most_pages,
                        std::uint64_t turn) {
    PageSample sample;
    std::uint64_t all_bytes = 0;
    for (const PageRange& range : ranges)
        all_bytes += range.bytes;
    if (all_bytes == 0)
        return sample;
    Sampler sampler(calls, sample);
    for (const PageRange& range : ranges) {
        const double share = static_cast<double>(range.bytes) / static_cast<double>(all_bytes);
        const auto count = static_cast<std::size_t>(static_cast<double>(most_pages) * share);
        sampler.look(range, std::max(count, std::size_t{1}), turn);
    }
    return sample;
}

void read_own_smaps(std::span<const PageRange> ranges, PageSample& sample) {
    std::ifstream smaps("/proc/self/smaps");
    read_smaps(smaps, ranges, sample);
}

} // namespace tactus
