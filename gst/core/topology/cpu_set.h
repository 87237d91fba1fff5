// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tactus {

/// A set of CPUs, or of NUMA nodes, by the kernel's numbers.
///
/// A plain value: no thread may change one that another reads.
class CpuSet {
  public:
    /// Numbers are below this: more than any kernel is built for.
    static constexpr unsigned kLimit = 8192;

    CpuSet() = default;
    static CpuSet range(unsigned first, unsigned last);
    /// The kernel's list format: "0-3,8", also with a stride as "0-7:2/4", white space around it,
    /// and empty. Nothing if it is anything else or a number is too large.
    static std::optional<CpuSet> parse(std::string_view text);
    /// As the affinity system calls have it.
    static CpuSet from_words(std::span<const std::uint64_t> words);

    /// Above the limit: nothing happens.
    void add(unsigned cpu);
    void remove(unsigned cpu);

    bool contains(unsigned cpu) const;
    bool empty() const { return words_.empty(); }
    unsigned count() const;
    std::vector<unsigned> list() const;
    /// "0-3,8"; "none" if empty.
    std::string text() const;
    const std::vector<std::uint64_t>& words() const { return words_; }

    CpuSet operator|(const CpuSet& other) const;
    CpuSet operator&(const CpuSet& other) const;
    CpuSet operator-(const CpuSet& other) const; ///< those that are not in `other`
    bool operator==(const CpuSet& other) const = default;

  private:
    void trim();

    std::vector<std::uint64_t> words_; ///< the last one is not 0
};

} // namespace tactus
