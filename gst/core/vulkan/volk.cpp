// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Volk comes as source, to be compiled into whoever uses it: here, once.
#define VOLK_IMPLEMENTATION
#include <volk.h>
