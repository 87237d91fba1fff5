// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "glue/handles.h"

#include <string>

namespace tactus::live {

struct ErrorFree {
    void operator()(GError* error) const { g_error_free(error); }
};
struct StringFree {
    void operator()(char* text) const { g_free(text); }
};

using BusHandle = std::unique_ptr<GstBus, ObjectUnref>;
using CapsHandle = std::unique_ptr<GstCaps, MiniObjectUnref>;
using MessageHandle = std::unique_ptr<GstMessage, MiniObjectUnref>;
using ErrorHandle = std::unique_ptr<GError, ErrorFree>;
using StringHandle = std::unique_ptr<char, StringFree>;

/// Makes an element, or throws UserError naming the package that has it.
ElementHandle make_element(const std::string& factory);

} // namespace tactus::live
