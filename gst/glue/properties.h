// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <span>

namespace tactus {

/// One row of an element's property table. Rows get the ids 1, 2, 3, … in their order, so that an
/// enum beside the table names them.
struct PropertySpec {
    enum class Kind : std::uint8_t {
        boolean,
        integer, ///< 32 bits; default, minimum and maximum are cast from std::int64_t
        uint,
        int64, ///< cast likewise
        uint64,
        real, ///< default and limits are the real_ ones
        enumeration,
        structure,
        string,       ///< the default is default_text
        string_array, ///< a GST_TYPE_ARRAY of strings
        caps,
    };
    enum class Access : std::uint8_t {
        read_only,
        playing, ///< writable in every state
        ready,   ///< writable up to READY
    };

    const char* name;
    const char* nick;
    const char* blurb;
    Kind kind;
    Access access = Access::playing;
    std::uint64_t default_value = 0;
    std::uint64_t minimum = 0;
    std::uint64_t maximum = UINT64_MAX; ///< cut to 32 bits for uint
    GType (*enum_type)() = nullptr;
    double real_default = 0;
    double real_minimum = 0;
    double real_maximum = 1;
    const char* default_text = nullptr;
    bool controllable = false;
};

/// Installs all rows on `klass`, the first one with the id `first_id`.
void install_properties(GObjectClass* klass, std::span<const PropertySpec> table,
                        guint first_id = 1);

} // namespace tactus
