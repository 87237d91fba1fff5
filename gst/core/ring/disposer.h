// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/item.h"

namespace tactus {

/// Gives up one reference to an item that does not come out. Called without any lock held, from
/// whichever thread dropped it; must not throw.
struct Disposer {
    void (*dispose)(void* user, const Item& item) = nullptr;
    void* user = nullptr;
    void operator()(const Item& item) const { dispose(user, item); }
};

} // namespace tactus
