// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>

namespace tactus {

// Which PCI device is behind a name. Each call reads links under /sys; `root` is "/" but in tests.
// Any thread. Nothing is the answer for what does not exist or is not on PCI (a virtual device).

/// A network interface ("eth0"), a device file ("/dev/video0") or its name ("video0", "nvme0n1",
/// "card0").
std::optional<std::string> pci_address_of_device(const std::string& root, const std::string& name);

/// The device that holds a file or folder, by the device number of its file system.
std::optional<std::string> pci_address_of_file(const std::string& root, const std::string& path);

} // namespace tactus
