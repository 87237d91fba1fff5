// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "numapin/memory_settings.h"

#include "glue/setting_value.h"

#include <variant>

namespace tactus {

namespace {

using Kind = PropertySpec::Kind;
using Access = PropertySpec::Access;
constexpr MemorySettings kDefaults;
constexpr std::uint64_t kMostAlignmentBytes = std::uint64_t{1} << 30U;
constexpr int kMostNode = 1023;

constexpr PropertySpec flag(const char* name, const char* nick, const char* blurb) {
    return {name, nick, blurb, Kind::boolean, Access::ready};
}

const GEnumValue kHugePagesValues[] = {
    {static_cast<gint>(PageKind::small), "Small pages", "off"},
    {static_cast<gint>(PageKind::transparent), "Transparent huge pages", "thp"},
    {static_cast<gint>(PageKind::huge_2m), "Reserved pages of 2 MiB", "2M"},
    {static_cast<gint>(PageKind::huge_1g), "Reserved pages of 1 GiB", "1G"},
    {0, nullptr, nullptr},
};

using M = MemorySettings;
struct Row {
    PropertySpec spec;
    std::variant<int M::*, std::uint64_t M::*, PageKind M::*, bool M::*> member;
};

constexpr std::array kRows = {
    Row{PropertySpec{
            "memory-node", "Memory node",
            "NUMA node whose memory frames get (-1 = the node of the CPUs in cpus, if all are "
            "of one node; -2 = of whoever touches a page first)",
            Kind::integer, Access::ready, static_cast<std::uint64_t>(std::int64_t{kDefaults.node}),
            static_cast<std::uint64_t>(std::int64_t{MemorySettings::kAnyNode}), kMostNode},
        &M::node},
    Row{PropertySpec{"alignment", "Alignment (bytes)",
                     "Frames begin at a multiple of this many bytes, a power of two (0 = a page)",
                     Kind::uint64, Access::ready, 0, 0, kMostAlignmentBytes},
        &M::alignment_bytes},
    Row{PropertySpec{"huge-pages", "Huge pages",
                     "Which pages frames are made of; smaller ones where there are none",
                     Kind::enumeration, Access::ready, static_cast<std::uint64_t>(kDefaults.pages),
                     0, UINT64_MAX, huge_pages_get_type},
        &M::pages},
    Row{flag("lock-pages", "Lock pages", "Keep frames from being paged out"), &M::lock},
    Row{flag("prefault", "Prefault",
             "Touch memory when it is allocated, not when it is first used"),
        &M::prefault},
    Row{flag("shared", "Shared",
             "Allocate in files in memory (memfd) that other processes and devices can map"),
        &M::shared},
    Row{flag("process-default", "Process default",
             "Serve elements that ask nobody for memory as well, of all pipelines of the process, "
             "with "
             "frames of 64 KiB and more"),
        &M::process_default},
    Row{PropertySpec{"max-idle-bytes", "Maximum idle bytes",
                     "How much unused memory is kept for later frames, in bytes (0 = none)",
                     Kind::uint64, Access::playing, kDefaults.max_idle_bytes},
        &M::max_idle_bytes},
};
static_assert(kRows.size() == kLastMemoryId);

} // namespace

constinit const std::array<PropertySpec, kLastMemoryId> kMemoryTable = specs_of(kRows);

GType huge_pages_get_type() {
    static const GType type = g_enum_register_static("GstNumaPinHugePages", kHugePagesValues);
    return type;
}

bool set_memory_setting(MemorySettings& settings, guint id, const GValue* value) {
    return take_property(kRows, settings, id, value);
}

bool get_memory_setting(const MemorySettings& settings, guint id, GValue* value) {
    return give_property(kRows, settings, id, value);
}

std::string memory_settings_problem(const MemorySettings& settings) {
    const std::uint64_t alignment = settings.alignment_bytes;
    if ((alignment & (alignment - 1)) == 0)
        return {};
    std::uint64_t right = 1;
    while (right < alignment)
        right <<= 1U;
    return "alignment=" + std::to_string(alignment) + " is not a power of two; the next one is " +
           std::to_string(right);
}

} // namespace tactus
