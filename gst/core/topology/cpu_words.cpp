// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/cpu_words.h"

#include "core/topology/device_locator.h"
#include "core/topology/kernel_text.h"

#include <array>
#include <optional>

namespace tactus {

namespace {

constexpr const char* kForms = "use numbers (0-3,8), node:N, package:N, l3:N, core:N, near:DEVICE "
                               "or auto";

/// A word that takes the number of a part of the machine.
struct PartWord {
    const char* prefix;
    const char* singular;
    const char* plural;
    CpuSet (Topology::*cpus_of)(unsigned) const;
    CpuSet (Topology::*all)() const;
};
constexpr std::array kParts = {
    PartWord{"node:", "NUMA node", "nodes", &Topology::cpus_of_node, &Topology::nodes},
    PartWord{"package:", "package", "packages", &Topology::cpus_of_package, &Topology::packages},
    PartWord{"l3:", "level 3 cache", "level 3 caches", &Topology::cpus_of_l3, &Topology::l3_caches},
    PartWord{"core:", "core", "cores", &Topology::cpus_of_core, &Topology::cores},
};

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

std::string devices_text(const Topology& topology) {
    std::string text;
    for (const TopologyDevice& device : topology.devices()) {
        text += (text.empty() ? "" : ", ") + device.pci_address;
        for (std::size_t i = 0; i < device.names.size(); ++i)
            text += (i == 0 ? " (" : ", ") + device.names[i];
        text += device.names.empty() ? "" : ")";
    }
    return text.empty() ? "none" : text;
}

CpuChoice wrong(std::string error) {
    CpuChoice choice;
    choice.error = std::move(error);
    return choice;
}

CpuChoice chosen(CpuSet cpus) {
    CpuChoice choice;
    choice.cpus = std::move(cpus);
    return choice;
}

CpuChoice part(const PartWord& word, std::string_view number, const Topology& topology) {
    const auto index = parse_count(number);
    const CpuSet all = (topology.*word.all)();
    if (!index || *index >= CpuSet::kLimit || !all.contains(static_cast<unsigned>(*index)))
        return wrong("there is no " + std::string(word.singular) + " " + quoted(number) + "; " +
                     word.plural + ": " + all.text());
    return chosen((topology.*word.cpus_of)(static_cast<unsigned>(*index)));
}

CpuChoice near(std::string_view name, const Topology& topology, const std::string& root) {
    const TopologyDevice* device = topology.find_device(name);
    if (device == nullptr)
        if (const auto address = pci_address_of_device(root, std::string(name)))
            device = topology.find_device(*address);
    if (device == nullptr)
        return wrong("there is no device " + quoted(name) +
                     " with a known place; devices: " + devices_text(topology));
    if (device->near.empty())
        return wrong("there are no CPUs near " + quoted(name));
    return chosen(device->near);
}

CpuChoice numbers(std::string_view item, const Topology& topology) {
    const auto cpus = CpuSet::parse(item);
    if (!cpus || cpus->empty())
        return wrong("cannot read " + quoted(item) + ": " + kForms);
    const CpuSet missing = *cpus - topology.cpus();
    if (!missing.empty())
        return wrong("there is no CPU " + missing.text() + "; CPUs: " + topology.cpus().text());
    return chosen(*cpus);
}

CpuChoice one(std::string_view item, const Topology& topology, const std::string& root) {
    for (const PartWord& word : kParts)
        if (item.starts_with(word.prefix))
            return part(word, item.substr(std::string_view(word.prefix).size()), topology);
    constexpr std::string_view kNear = "near:";
    if (item.starts_with(kNear))
        return near(item.substr(kNear.size()), topology, root);
    if (item == "auto")
        return wrong("\"auto\" stands alone");
    return numbers(item, topology);
}

} // namespace

CpuChoice parse_cpus(std::string_view text, const Topology& topology, const std::string& root) {
    text = trimmed(text);
    CpuChoice result;
    if (text == "auto") {
        result.automatic = true;
        return result;
    }
    std::size_t at = 0;
    while (!text.empty() && at <= text.size()) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        CpuChoice item = one(trimmed(text.substr(at, comma - at)), topology, root);
        if (!item.error.empty())
            return item;
        result.cpus = result.cpus | item.cpus;
        at = comma + 1;
    }
    return result;
}

} // namespace tactus
