// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// Vulkan without linking to it: volk opens libvulkan.so.1 when it runs. Every header of this folder
// takes Vulkan's types from here, so that no file sees the prototypes that volk replaces.
#include <volk.h>
