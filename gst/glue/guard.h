// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <exception>
#include <utility>

namespace tactus {

/// Runs `body` for a C entry point. An exception that unwound through GStreamer would leave the
/// pad's stream lock held for ever; here it becomes an element error and `fallback`.
template <typename Result, typename Body>
Result guarded(GstElement* element, Result fallback, Body&& body) noexcept {
    try {
        return std::forward<Body>(body)();
    } catch (const std::exception& error) {
        GST_ELEMENT_ERROR(element, RESOURCE, FAILED, ("Out of resources."), ("%s", error.what()));
    } catch (...) {
        GST_ELEMENT_ERROR(element, CORE, FAILED, (nullptr), ("unknown exception"));
    }
    return fallback;
}

/// As guarded(), for what has no result: whether `body` came to its end.
template <typename Body>
bool completes(GstElement* element, Body&& body) noexcept {
    return guarded(element, false, [&body] {
        std::forward<Body>(body)();
        return true;
    });
}

} // namespace tactus
