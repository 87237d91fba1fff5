// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/custom_meta.h"

namespace tactus {

void register_custom_meta(const char* name) {
    static const gchar* no_tags[] = {nullptr};
    if (gst_meta_get_info(name) == nullptr)
        gst_meta_register_custom(name, no_tags, nullptr, nullptr, nullptr);
}

GstStructure* add_custom_meta(GstBuffer* buffer, const char* name) {
    register_custom_meta(name);
    return gst_custom_meta_get_structure(gst_buffer_add_custom_meta(buffer, name));
}

} // namespace tactus
