// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sets of CPUs, topologies of hwloc, and the words that choose CPUs in them.
#include "../support/fake_root.h"
#include "core/topology/cpu_set.h"
#include "core/topology/cpu_words.h"
#include "core/topology/device_locator.h"
#include "core/topology/topology_loader.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <thread>

namespace tactus {

namespace {

Topology four_nodes() {
    LoadedTopology loaded = load_topology_xml(std::string(TACTUS_TEST_SUPPORT) + "/four_nodes.xml");
    EXPECT_EQ(loaded.error, "");
    return *loaded.topology;
}

Topology synthetic(const std::string& description) {
    LoadedTopology loaded = load_synthetic_topology(description);
    EXPECT_EQ(loaded.error, "");
    return *loaded.topology;
}

std::string round_trip(const std::string& text) {
    const auto set = CpuSet::parse(text);
    return set ? set->text() : "refused";
}

TEST(CpuSets, are_read_and_written_in_the_kernels_list_format) {
    EXPECT_EQ(round_trip("0-3,8"), "0-3,8");
    EXPECT_EQ(round_trip(" 8,0-3,2-5\n"), "0-5,8");
    EXPECT_EQ(round_trip("0-15:2/4"), "0-1,4-5,8-9,12-13");
    EXPECT_EQ(round_trip(""), "none");
    EXPECT_EQ(round_trip("8191"), "8191");
}

TEST(CpuSets, refuse_what_is_no_list) {
    for (const char* text : {"3-1", "a", "1,", ",1", "1,,2", "-1", "1-", "8192", "0-99999999999",
                             "0x3", "1 2", "0-7:0/0", "0-7:5/4", "3:1/2", "0-7:1"})
        EXPECT_EQ(round_trip(text), "refused") << text;
}

TEST(CpuSets, know_union_intersection_and_difference) {
    const CpuSet low = CpuSet::range(0, 70);
    const CpuSet high = CpuSet::range(60, 130);
    EXPECT_EQ((low | high).text(), "0-130");
    EXPECT_EQ((low & high).text(), "60-70");
    EXPECT_EQ((low - high).text(), "0-59");
    EXPECT_EQ((high - high), CpuSet());
    EXPECT_EQ(low.count(), 71U);
    EXPECT_EQ((low & CpuSet()), CpuSet());
}

TEST(CpuSets, are_equal_whatever_was_added_and_removed) {
    CpuSet set;
    set.add(500);
    set.add(3);
    set.remove(500);
    set.remove(7000);
    set.add(CpuSet::kLimit);
    EXPECT_EQ(set, CpuSet::range(3, 3));
    EXPECT_FALSE(set.contains(500));
    EXPECT_FALSE(set.contains(CpuSet::kLimit));
}

TEST(Topologies, say_where_they_are_from) {
    EXPECT_EQ(four_nodes().source(), Topology::Source::file);
    EXPECT_EQ(synthetic("node:2 core:2 pu:2").source(), Topology::Source::synthetic);
    EXPECT_EQ(load_machine().topology->source(), Topology::Source::this_machine);
}

TEST(Topologies, of_this_machine_hold_the_cpu_that_runs_the_test) {
    const LoadedTopology machine = load_machine();
    ASSERT_TRUE(machine.topology) << machine.error;
    EXPECT_GE(machine.topology->cpus().count(), 1U);
    EXPECT_LE(machine.topology->cpus().count(), std::thread::hardware_concurrency());
}

TEST(Topologies, follow_hwlocs_environment) {
    setenv("HWLOC_SYNTHETIC", "node:3 core:2 pu:1", 1);
    const LoadedTopology machine = load_machine();
    unsetenv("HWLOC_SYNTHETIC");
    ASSERT_TRUE(machine.topology);
    EXPECT_EQ(machine.topology->source(), Topology::Source::synthetic);
    EXPECT_EQ(machine.topology->nodes().text(), "0-2");
}

TEST(Topologies, are_not_quietly_those_of_this_machine) {
    const ScratchFolder folder;
    for (const char* text : {"", "<topology/>", "no XML at all"}) {
        const LoadedTopology loaded = load_topology_xml(folder.write("t.xml", text));
        EXPECT_FALSE(loaded.topology) << text;
        EXPECT_NE(loaded.error.find("t.xml"), std::string::npos) << loaded.error;
    }
    EXPECT_FALSE(load_topology_xml(folder / "missing.xml").topology);
    EXPECT_FALSE(load_synthetic_topology("nonsense:x").topology);
    EXPECT_FALSE(load_synthetic_topology("").topology);
}

TEST(Topologies, know_nodes_packages_cores_and_hardware_threads) {
    const Topology machine = four_nodes();
    EXPECT_EQ(machine.cpus().text(), "0-7");
    EXPECT_EQ(machine.nodes().text(), "0-3");
    EXPECT_EQ(machine.packages().text(), "0-3");
    EXPECT_EQ(machine.cores().text(), "0-3");
    EXPECT_EQ(machine.cpus_of_node(2).text(), "4-5");
    EXPECT_EQ(machine.cpus_of_core(3).text(), "6-7");
    EXPECT_EQ(machine.place_of(5)->sibling, 1U);
    EXPECT_EQ(machine.nodes_of(CpuSet::range(1, 2)).text(), "0-1");
    EXPECT_EQ(machine.place_of(8), nullptr);
}

TEST(Topologies, know_which_cpus_a_pci_device_is_near) {
    const Topology machine = four_nodes();
    const TopologyDevice* card = machine.find_device("0000:61:00.0");
    ASSERT_NE(card, nullptr);
    EXPECT_EQ(card->near.text(), "4-5");
    EXPECT_EQ(machine.find_device("61:00.0"), card);
    EXPECT_EQ(machine.find_device("62:00.0"), nullptr);
    EXPECT_EQ(machine.find_device(""), nullptr);
}

std::string cpus_for(const std::string& text, const Topology& machine) {
    const CpuChoice choice = parse_cpus(text, machine, "/none");
    return choice.error.empty() ? choice.cpus.text() : choice.error;
}

TEST(CpuWords, choose_parts_of_the_machine) {
    const Topology machine = synthetic("package:2 node:1 l3:2 core:2 pu:2");
    EXPECT_EQ(cpus_for("0-3,8", machine), "0-3,8");
    EXPECT_EQ(cpus_for("node:1", machine), "8-15");
    EXPECT_EQ(cpus_for("package:0", machine), "0-7");
    EXPECT_EQ(cpus_for("l3:1", machine), "4-7");
    EXPECT_EQ(cpus_for("core:3", machine), "6-7");
    EXPECT_EQ(cpus_for("core:0, l3:3", machine), "0-1,12-15");
    EXPECT_EQ(cpus_for("", machine), "none");
}

TEST(CpuWords, choose_what_is_near_a_device) {
    const Topology machine = four_nodes();
    EXPECT_EQ(cpus_for("near:0000:61:00.0", machine), "4-5");
    EXPECT_EQ(cpus_for("near:61:00.0,0", machine), "0,4-5");
}

TEST(CpuWords, find_a_device_by_its_name_in_sysfs) {
    const Topology machine = four_nodes();
    const FakeRoot root;
    root.link("sys/class/net/lan7", "sys/devices/pci0000:60/0000:60:01.0/0000:61:00.0/net/lan7");
    root.link("sys/class/video4linux/video3",
              "sys/devices/pci0000:00/0000:00:1f.2/usb1/1-1/video4linux/video3");
    EXPECT_EQ(parse_cpus("near:lan7", machine, root.path()).cpus.text(), "4-5");
    EXPECT_EQ(pci_address_of_device(root.path(), "/dev/video3"), "0000:00:1f.2");
    EXPECT_EQ(pci_address_of_device(root.path(), "lan8"), std::nullopt);
    EXPECT_EQ(pci_address_of_device(root.path(), "../net/lan7"), std::nullopt);
    EXPECT_EQ(pci_address_of_device(root.path(), ""), std::nullopt);
}

TEST(CpuWords, know_which_device_holds_a_file) {
    const FakeRoot root;
    const std::string file = root.path() + "clip";
    root.write("clip", "frames");
    struct stat status {};
    ASSERT_EQ(stat(file.c_str(), &status), 0);
    EXPECT_EQ(pci_address_of_file(root.path(), file), std::nullopt);
    root.link("sys/dev/block/" + std::to_string(major(status.st_dev)) + ":" +
                  std::to_string(minor(status.st_dev)),
              "sys/devices/pci0000:60/0000:61:00.0/nvme/nvme0/nvme0n1");
    EXPECT_EQ(pci_address_of_file(root.path(), file), "0000:61:00.0");
    EXPECT_EQ(pci_address_of_file(root.path(), file + "-missing"), std::nullopt);
}

TEST(CpuWords, leave_auto_to_the_planner) {
    const CpuChoice choice = parse_cpus(" auto ", four_nodes());
    EXPECT_TRUE(choice.automatic);
    EXPECT_TRUE(choice.cpus.empty());
    EXPECT_EQ(parse_cpus("auto,1", four_nodes()).error, "\"auto\" stands alone");
}

TEST(CpuWords, say_what_exists_where_something_does_not) {
    const Topology machine = four_nodes();
    EXPECT_EQ(cpus_for("6-9", machine), "there is no CPU 8-9; CPUs: 0-7");
    EXPECT_EQ(cpus_for("node:7", machine), "there is no NUMA node \"7\"; nodes: 0-3");
    EXPECT_EQ(cpus_for("l3:", machine), "there is no level 3 cache \"\"; level 3 caches: 0-3");
    EXPECT_EQ(cpus_for("core:x", machine), "there is no core \"x\"; cores: 0-3");
    const std::string devices = cpus_for("near:eth9", machine);
    EXPECT_EQ(devices.find("there is no device \"eth9\""), 0U) << devices;
    EXPECT_NE(devices.find("0000:61:00.0"), std::string::npos) << devices;
}

TEST(CpuWords, refuse_what_cannot_be_read) {
    const Topology machine = four_nodes();
    for (const char* text : {"all", "0-", ",", "1,", "socket:1", "node 1", "0x3", "node:-1",
                             "node:99999999999999999999"}) {
        const CpuChoice choice = parse_cpus(text, machine, "/none");
        EXPECT_NE(choice.error, "") << text;
        EXPECT_TRUE(choice.cpus.empty()) << text;
    }
}

} // namespace

} // namespace tactus
