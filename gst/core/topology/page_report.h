// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/page_calls.h"

#include <istream>
#include <span>
#include <vector>

namespace tactus {

/// Addresses from `data` on.
struct PageRange {
    const std::byte* data = nullptr;
    std::size_t bytes = 0;
};

/// Where pages are, by a sample of them.
struct PageSample {
    std::uint64_t sampled_pages = 0;
    std::uint64_t absent_pages = 0;        ///< of those; never touched, or paged out
    std::vector<std::uint64_t> node_pages; ///< of those, on each node
    std::vector<std::uint64_t> node_bytes; ///< estimate: of all ranges, on each node
    std::uint64_t huge_bytes = 0;          ///< in huge pages, as /proc/self/smaps has it
    std::uint64_t locked_bytes = 0;        ///< likewise

    /// The share of the present pages that are not on `node`; 0 if there are none.
    double remote_share(unsigned node) const;
};

/// Asks the kernel where about `most_pages` pages are, spread evenly over the ranges, one of each
/// at least. Calls with another `turn` look at other pages. Of huge and locked pages it says
/// nothing.
PageSample sample_pages(PageCalls& calls, std::span<const PageRange> ranges, std::size_t most_pages,
                        std::uint64_t turn);

/// Adds to `sample` what /proc/self/smaps says of huge and locked pages. The kernel walks through
/// all memory of the process for it: some 5 ms with 400 MB in small pages.
void read_own_smaps(std::span<const PageRange> ranges, PageSample& sample);

/// Adds to `sample` what a file like /proc/self/smaps says of huge and locked pages. Of an area
/// that is only in part in the ranges, as much as that part is. Lines that make no sense are passed
/// over.
void read_smaps(std::istream& smaps, std::span<const PageRange> ranges, PageSample& sample);

} // namespace tactus
