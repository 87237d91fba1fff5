// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Texts about CPUs: lists, and the words of numapin's `cpus` on a machine of two nodes. The input
// is the text.
#include "core/topology/cpu_set.h"
#include "core/topology/cpu_words.h"
#include "fuzz_support.h"

#include <cstdint>
#include <string_view>

namespace tactus {

namespace {

Topology machine() {
    std::vector<CpuPlace> places;
    for (unsigned cpu = 0; cpu < 8; ++cpu) {
        CpuPlace place;
        place.cpu = cpu;
        place.core = cpu / 2;
        place.sibling = cpu % 2;
        place.node = cpu / 4;
        place.l3 = cpu / 4;
        places.push_back(place);
    }
    return {Topology::Source::synthetic, places, {{"0000:61:00.0", {"eth0"}, CpuSet::range(4, 7)}}};
}

void check(std::string_view text) {
    static const Topology topology = machine();
    if (const auto set = CpuSet::parse(text)) {
        require(set->empty() || CpuSet::parse(set->text()) == set,
                "a list is read as it is written");
        require(set->list().size() == set->count(), "the list has all CPUs");
    }
    const CpuChoice choice = parse_cpus(text, topology, "/nowhere");
    require(choice.error.empty() || (choice.cpus.empty() && !choice.automatic),
            "what is wrong chooses nothing");
    require((choice.cpus - topology.cpus()).empty(), "only CPUs that exist are chosen");
}

} // namespace

} // namespace tactus

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    tactus::check({reinterpret_cast<const char*>(data), size});
    return 0;
}
