// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "relink.h"

#include "glue/handles.h"

#include <chrono>

namespace tactus::soak {

PadBlock::PadBlock(GstPad* pad) : pad_(pad) {
    probe_ = gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, on_block, this, nullptr);
}

PadBlock::~PadBlock() {
    gst_pad_remove_probe(pad_, probe_);
}

GstPadProbeReturn PadBlock::on_block(GstPad*, GstPadProbeInfo*, gpointer data) {
    auto& self = *static_cast<PadBlock*>(data);
    const std::lock_guard lock(self.mutex_);
    self.blocked_ = true;
    self.changed_.notify_all();
    return GST_PAD_PROBE_OK;
}

bool PadBlock::wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(500), [this] { return blocked_; });
}

bool replace_element(Ledger& ledger, GstElement* old, GstElement* fresh,
                     const std::function<void(GstElement*)>& prepare) {
    const ElementHandle owned(GST_ELEMENT(gst_object_ref_sink(fresh)));
    const ElementHandle bin(GST_ELEMENT(gst_object_get_parent(GST_OBJECT(old))));
    const PadHandle old_sink(gst_element_get_static_pad(old, "sink"));
    const PadHandle old_src(gst_element_get_static_pad(old, "src"));
    const PadHandle before(gst_pad_get_peer(old_sink.get()));
    const PadHandle after(gst_pad_get_peer(old_src.get()));
    // What waits in a sink that is paused would never let `old` stop.
    if (GST_STATE_TARGET(bin.get()) != GST_STATE_PLAYING)
        return false;
    PadBlock block(before.get());
    if (!block.wait())
        return false;
    const std::string name = GST_OBJECT_NAME(old);
    gst_element_set_locked_state(old, TRUE);
    gst_element_set_state(old, GST_STATE_NULL);
    gst_pad_unlink(before.get(), old_sink.get());
    gst_pad_unlink(old_src.get(), after.get());
    ledger.close(old);
    gst_bin_remove(GST_BIN(bin.get()), old);

    gst_object_set_name(GST_OBJECT(fresh), name.c_str());
    gst_bin_add(GST_BIN(bin.get()), fresh);
    ledger.open(fresh);
    if (prepare)
        prepare(fresh);
    const PadHandle sink(gst_element_get_static_pad(fresh, "sink"));
    const PadHandle src(gst_element_get_static_pad(fresh, "src"));
    gst_pad_link(src.get(), after.get());
    // To sync with a parent that waits for a sink to preroll would end at PAUSED. A jitterbuffer
    // holds its packets there, so that both would wait for each other.
    gst_element_set_state(fresh, GST_STATE_PLAYING);
    gst_pad_link(before.get(), sink.get());
    return true;
}

} // namespace tactus::soak
