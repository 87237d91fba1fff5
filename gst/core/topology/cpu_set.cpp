// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/cpu_set.h"

#include "core/topology/kernel_text.h"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace tactus {

namespace {

constexpr unsigned kWordBits = 64;

std::optional<unsigned> number_in(std::string_view text) {
    const auto value = parse_count(text);
    if (!value || *value >= CpuSet::kLimit)
        return std::nullopt;
    return static_cast<unsigned>(*value);
}

/// What stands before `separator`, which is taken off `text` with it; all of it if there is none.
std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t at = text.find(separator);
    const std::string_view taken = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return taken;
}

/// "8", "0-3" or "0-7:2/4" (the first 2 of every 4).
bool add_item(std::string_view item, CpuSet& set) {
    const bool is_range = item.find('-') != std::string_view::npos;
    const bool has_stride = item.find(':') != std::string_view::npos;
    std::string_view rest = item;
    std::string_view bounds = take_until(rest, ':');
    const auto first = number_in(take_until(bounds, '-'));
    const auto last = is_range ? number_in(bounds) : first;
    const auto used = has_stride ? number_in(take_until(rest, '/')) : 1U;
    const auto group = has_stride ? number_in(rest) : 1U;
    if (!first || !last || !used || !group || *last < *first || *group == 0 || *used > *group ||
        (has_stride && !is_range))
        return false;
    for (unsigned cpu = *first; cpu <= *last; ++cpu)
        if ((cpu - *first) % *group < *used)
            set.add(cpu);
    return true;
}

} // namespace

CpuSet CpuSet::range(unsigned first, unsigned last) {
    CpuSet set;
    for (unsigned cpu = first; cpu <= last && cpu < kLimit; ++cpu)
        set.add(cpu);
    return set;
}

std::optional<CpuSet> CpuSet::parse(std::string_view text) {
    text = trimmed(text);
    CpuSet set;
    if (text.empty())
        return set;
    if (text.back() == ',')
        return std::nullopt;
    while (!text.empty())
        if (!add_item(take_until(text, ','), set))
            return std::nullopt;
    return set;
}

CpuSet CpuSet::from_words(std::span<const std::uint64_t> words) {
    CpuSet set;
    set.words_.assign(words.begin(),
                      words.begin() + static_cast<std::ptrdiff_t>(
                                          std::min<std::size_t>(words.size(), kLimit / kWordBits)));
    set.trim();
    return set;
}

void CpuSet::trim() {
    while (!words_.empty() && words_.back() == 0)
        words_.pop_back();
}

void CpuSet::add(unsigned cpu) {
    if (cpu >= kLimit)
        return;
    if (cpu / kWordBits >= words_.size())
        words_.resize(cpu / kWordBits + 1);
    words_[cpu / kWordBits] |= std::uint64_t{1} << (cpu % kWordBits);
}

void CpuSet::remove(unsigned cpu) {
    if (!contains(cpu))
        return;
    words_[cpu / kWordBits] &= ~(std::uint64_t{1} << (cpu % kWordBits));
    trim();
}

bool CpuSet::contains(unsigned cpu) const {
    return cpu / kWordBits < words_.size() &&
           (words_[cpu / kWordBits] >> (cpu % kWordBits) & 1U) != 0;
}

unsigned CpuSet::count() const {
    unsigned sum = 0;
    for (const std::uint64_t word : words_)
        sum += static_cast<unsigned>(std::popcount(word));
    return sum;
}

std::vector<unsigned> CpuSet::list() const {
    std::vector<unsigned> cpus;
    for (unsigned cpu = 0; cpu < words_.size() * kWordBits; ++cpu)
        if (contains(cpu))
            cpus.push_back(cpu);
    return cpus;
}

std::string CpuSet::text() const {
    if (empty())
        return "none";
    std::string result;
    const std::vector<unsigned> cpus = list();
    for (std::size_t i = 0; i < cpus.size();) {
        std::size_t end = i + 1;
        while (end < cpus.size() && cpus[end] == cpus[end - 1] + 1)
            ++end;
        if (!result.empty())
            result += ',';
        result += std::to_string(cpus[i]);
        if (end - i > 1)
            result += '-' + std::to_string(cpus[end - 1]);
        i = end;
    }
    return result;
}

CpuSet CpuSet::operator|(const CpuSet& other) const {
    CpuSet result = words_.size() >= other.words_.size() ? *this : other;
    const CpuSet& less = words_.size() >= other.words_.size() ? other : *this;
    for (std::size_t i = 0; i < less.words_.size(); ++i)
        result.words_[i] |= less.words_[i];
    return result;
}

CpuSet CpuSet::operator&(const CpuSet& other) const {
    CpuSet result = *this;
    result.words_.resize(std::min(words_.size(), other.words_.size()));
    for (std::size_t i = 0; i < result.words_.size(); ++i)
        result.words_[i] &= other.words_[i];
    result.trim();
    return result;
}

CpuSet CpuSet::operator-(const CpuSet& other) const {
    CpuSet result = *this;
    for (std::size_t i = 0; i < std::min(words_.size(), other.words_.size()); ++i)
        result.words_[i] &= ~other.words_[i];
    result.trim();
    return result;
}

} // namespace tactus
