// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <memory>

namespace tactus {

// Named deleters: a pointer to one of GStreamer's static inline functions has no linkage.
struct MiniObjectUnref {
    template <typename T>
    void operator()(T* object) const {
        gst_mini_object_unref(GST_MINI_OBJECT_CAST(object));
    }
};
struct ObjectUnref {
    template <typename T>
    void operator()(T* object) const {
        gst_object_unref(object);
    }
};
struct StructureFree {
    void operator()(GstStructure* structure) const { gst_structure_free(structure); }
};

using BufferHandle = std::unique_ptr<GstBuffer, MiniObjectUnref>;
using BufferListHandle = std::unique_ptr<GstBufferList, MiniObjectUnref>;
using CapsHandle = std::unique_ptr<GstCaps, MiniObjectUnref>;
using EventHandle = std::unique_ptr<GstEvent, MiniObjectUnref>;
using MessageHandle = std::unique_ptr<GstMessage, MiniObjectUnref>;
using PadHandle = std::unique_ptr<GstPad, ObjectUnref>;
using ElementHandle = std::unique_ptr<GstElement, ObjectUnref>;
using StructureHandle = std::unique_ptr<GstStructure, StructureFree>;

} // namespace tactus
