// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "config.h"

#include "simdfft/gstsimdfft.h"
#include "simdfft/gstsimdfftfilter.h"
#include "simdfft/gstsimdifft.h"
#include "simdfft/gstsimdspectrogram.h"

#include <gst/gst.h>

static gboolean plugin_init(GstPlugin* plugin) {
    gboolean ok = FALSE;
    ok |= GST_ELEMENT_REGISTER(simdfft, plugin);
    ok |= GST_ELEMENT_REGISTER(simdfftfilter, plugin);
    ok |= GST_ELEMENT_REGISTER(simdifft, plugin);
    ok |= GST_ELEMENT_REGISTER(simdspectrogram, plugin);
    return ok;
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, simdfft,
                  "Short-time Fourier transform of audio on the vector unit", plugin_init,
                  PACKAGE_VERSION, GST_LICENSE, GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
