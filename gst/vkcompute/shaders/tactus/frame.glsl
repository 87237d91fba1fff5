// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What every shader is told. vkcompute puts this file before the first line of a shader in GLSL.

// Formats; the same numbers as PixelFormat in gst/core/vulkan/frame_layout.h.
const uint TACTUS_RGBA = 0u;
const uint TACTUS_BGRA = 1u;
const uint TACTUS_RGBX = 2u;
const uint TACTUS_BGRX = 3u;
const uint TACTUS_RGB = 4u;
const uint TACTUS_GRAY8 = 5u;
const uint TACTUS_GRAY16 = 6u;
const uint TACTUS_NV12 = 7u;
const uint TACTUS_I420 = 8u;
const uint TACTUS_P010 = 9u;
const uint TACTUS_Y42B = 10u;
const uint TACTUS_Y444 = 11u;
const uint TACTUS_AYUV = 12u;
const uint TACTUS_RGBA64 = 13u;
const uint TACTUS_BYTES = 14u;
const uint TACTUS_F32 = 15u;
const uint TACTUS_S16 = 16u;
const uint TACTUS_NOTHING = 255u; // the frame passes as it is

// Set when the pipeline is made, so that what depends on them costs nothing.
layout(constant_id = 1000) const uint TACTUS_IN_FORMAT = 0u;
layout(constant_id = 1001) const uint TACTUS_OUT_FORMAT = 0u;
layout(constant_id = 1004) const uint TACTUS_PASS = 0u;
// The input's colours, if they are Y'CbCr: what red and blue weigh in Y', and whether all values of a
// component are in use (else Y' is from 16 to 235).
layout(constant_id = 1005) const float TACTUS_KR = 0.299;
layout(constant_id = 1006) const float TACTUS_KB = 0.114;
layout(constant_id = 1007) const bool TACTUS_FULL_RANGE = false;

// The size of the workgroup is what the property `workgroup` says. A shader that needs a certain one declares its own.
#define TACTUS_WORKGROUP layout(local_size_x_id = 1002, local_size_y_id = 1003) in

// What a shader may say about itself, each at most once.
// How much of plane 0 of the output an invocation makes; 1 by 1 pixels if it says nothing.
#define TACTUS_BLOCK(columns, rows)                                                                \
    layout(constant_id = 1010) const uint TACTUS_BLOCK_COLUMNS = columns;                          \
    layout(constant_id = 1011) const uint TACTUS_BLOCK_ROWS = rows
// The same in bytes of a row.
#define TACTUS_BLOCK_OF_BYTES(bytes, rows)                                                         \
    layout(constant_id = 1012) const uint TACTUS_BLOCK_BYTES = bytes;                              \
    layout(constant_id = 1011) const uint TACTUS_BLOCK_ROWS = rows
// It is run so often, with TACTUS_PASS 0, 1, …, each on what the one before made.
#define TACTUS_PASSES(count) layout(constant_id = 1013) const uint TACTUS_PASS_COUNT = count
// A mask of 1 << format: what it takes. All if it says nothing.
#define TACTUS_TAKES(mask) layout(constant_id = 1014) const uint TACTUS_TAKEN = mask
// The only format that it makes. That of the input if it says nothing.
#define TACTUS_MAKES(format) layout(constant_id = 1015) const uint TACTUS_MADE = format
// The most bytes in extra-input that it makes use of; more are an error.
#define TACTUS_EXTRA_AT_MOST(bytes) layout(constant_id = 1016) const uint TACTUS_MOST_EXTRA = bytes
// What becomes of a pixel depends on that very place of frames alone, so the lines of two fields are not mixed.
#define TACTUS_PIXELWISE layout(constant_id = 1017) const uint TACTUS_IS_PIXELWISE = 1u
// What it can make of a frame that out-caps may ask for: TACTUS_SIZE, another size; TACTUS_FORMAT,
// another format; both with |; 0 for neither. If it says nothing, out-caps is taken at its word.
#define TACTUS_CONVERTS(what) layout(constant_id = 1018) const uint TACTUS_CONVERTED = what
const uint TACTUS_SIZE = 1u;
const uint TACTUS_FORMAT = 2u;

struct TactusPlane {
    uint offset;          // bytes from the begin of the block of memory; a multiple of 4
    uint stride;          // bytes from row to row, or from channel to channel; a multiple of 4
    uint pixel_stride;    // bytes from pixel to pixel, or from sample to sample of a channel
    uint components;      // of a pixel
    uint component_bytes; // 1, 2 or 4
    uint width;           // pixels of this plane, or samples of a channel
    uint height;          // rows, or channels
    uint reserved;
};

layout(std140, set = 0, binding = 0) uniform TactusFrame {
    TactusPlane in_plane[3];
    TactusPlane out_plane[3];
    uvec2 in_size;   // pixels, or samples and channels
    uvec2 out_size;
    uvec2 pts;       // ns, low word first; all ones if there is none
    uint number;     // of the frame, from 0; a flush starts again
    uint history;    // how many earlier frames there are now
    uint in_planes;
    uint out_planes;
    uint in_bytes;   // of the whole block of memory
    uint out_bytes;
    uint rate;       // samples per second
    uint extra_bytes;
    uvec2 extra_size; // pixels of the image that extra-input names
} tactus;
