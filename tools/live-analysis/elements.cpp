// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "elements.h"
#include "user_error.h"

namespace tactus::live {

namespace {

std::string remedy(const std::string& factory) {
    if (factory == "ringqueue")
        return "build this project and let GST_PLUGIN_PATH name its gst/ringqueue folder, "
               "as tools/demo does";
    if (factory == "decodebin" || factory == "videoconvert")
        return "install the Debian package gstreamer1.0-plugins-base";
    return "install the Debian package libgstreamer1.0-0";
}

} // namespace

ElementHandle make_element(const std::string& factory) {
    GstElement* element = gst_element_factory_make(factory.c_str(), nullptr);
    if (element == nullptr)
        throw UserError("there is no GStreamer element '" + factory + "': " + remedy(factory));
    // A new element comes with a floating reference, which the first gst_bin_add would take over;
    // the handle wants one of its own.
    gst_object_ref_sink(element);
    return ElementHandle(element);
}

} // namespace tactus::live
