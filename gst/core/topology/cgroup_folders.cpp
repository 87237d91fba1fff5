// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/cgroup_folders.h"

#include "core/topology/kernel_text.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <string_view>

namespace tactus {

namespace {

void add(std::vector<std::string>& folders, std::string folder) {
    if (std::find(folders.begin(), folders.end(), folder) == folders.end())
        folders.push_back(std::move(folder));
}

/// All folders from `path` up to the root of the hierarchy.
void add_ancestors(const std::string& mount, std::string path, std::vector<std::string>& folders) {
    if (path.find("/..") != std::string::npos)
        path.clear();
    while (!path.empty() && path != "/") {
        add(folders, mount + path);
        path.erase(path.rfind('/'));
    }
    add(folders, mount);
}

bool lists(const std::string& controllers, std::string_view wanted) {
    std::istringstream list(controllers);
    std::string name;
    while (std::getline(list, name, ','))
        if (name == wanted)
            return true;
    return false;
}

std::vector<std::string> folders_of(const std::string& root, const std::string& process,
                                    const std::string& controller) {
    const std::string mount = slashed(root) + "sys/fs/cgroup";
    std::vector<std::string> folders;
    std::ifstream file(slashed(root) + "proc/" + process + "/cgroup");
    std::string line;
    while (std::getline(file, line)) {
        // "hierarchy:controllers:path"; version 2 has hierarchy 0 and no controllers.
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos || line.compare(second + 1, 1, "/") != 0)
            continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string path = line.substr(second + 1);
        if (controllers.empty()) {
            add_ancestors(mount, path, folders);
            add_ancestors(mount + "/unified", path, folders);
        } else if (lists(controllers, controller)) {
            // "cpu" is often a link to "cpu,cpuacct": one of them, or all would count twice.
            const std::string hierarchies = mount + "/";
            const std::string alone = hierarchies + controller;
            const bool plain = std::ifstream(alone + "/cgroup.procs").good() ||
                               std::ifstream(alone + "/cpu.stat").good();
            add_ancestors(plain ? alone : hierarchies + controllers, path, folders);
        }
    }
    return folders;
}

} // namespace

std::vector<std::string> cpu_cgroup_folders(const std::string& root, const std::string& process) {
    return folders_of(root, process, "cpu");
}

std::vector<std::string> cpuset_cgroup_folders(const std::string& root,
                                               const std::string& process) {
    return folders_of(root, process, "cpuset");
}

} // namespace tactus
