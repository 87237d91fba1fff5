// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace tactus::live {

/// Lets the first SIGINT or SIGTERM only set a flag; a second one ends the process as usual.
void catch_interrupts();

/// Throws Interrupted once such a signal has come.
void throw_if_interrupted();

} // namespace tactus::live
