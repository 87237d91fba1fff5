// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/custom_meta.h"

namespace tactus {

GstStructure* add_custom_meta(GstBuffer* buffer, const char* name) {
    if (gst_meta_get_info(name) == nullptr) {
        static const gchar* no_tags[] = {nullptr};
        gst_meta_register_custom(name, no_tags, nullptr, nullptr, nullptr);
    }
    return gst_custom_meta_get_structure(gst_buffer_add_custom_meta(buffer, name));
}

} // namespace tactus
