// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Makes the pipeline that the arguments describe, as gst-launch-1.0 does, and lets it go without
// running it. So elements, properties and links of a launch line are checked where its camera or
// its loudspeaker is missing.
#include <gst/gst.h>

int main(int argc, char** argv) {
    gst_init(&argc, &argv);
    if (argc < 2) {
        g_printerr("usage: parse-line PIPELINE-DESCRIPTION\n");
        return 2;
    }
    GError* error = nullptr;
    auto words = const_cast<const gchar**>(argv + 1);
    GstElement* pipeline = gst_parse_launchv(words, &error);
    const bool fine = error == nullptr; // a property that is not there still gives a pipeline
    if (!fine)
        g_printerr("%s\n", error->message);
    g_clear_error(&error);
    gst_clear_object(&pipeline);
    return fine ? 0 : 1;
}
