// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What starts GStreamer before the first test, and looks for leaks after the last. Linked whole
// into every program of tests/elements but those that start GStreamer in children of theirs.
#pragma once

namespace tactus {

/// `action` runs after the last test, before objects that are still alive count as leaks. For what
/// the tests of a program share. Call it from the main thread.
void before_gstreamer_ends(void (*action)());

} // namespace tactus
