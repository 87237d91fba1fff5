// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "loss_watch.h"

namespace tactus::soak {

std::shared_ptr<LossWatch> LossWatch::on_pad(GstPad* pad) {
    auto watch = std::make_shared<LossWatch>();
    gst_pad_add_probe(pad,
                      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                   GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                                   GST_PAD_PROBE_TYPE_EVENT_FLUSH),
                      on_data, new std::shared_ptr<LossWatch>(watch),
                      [](gpointer data) { delete static_cast<std::shared_ptr<LossWatch>*>(data); });
    return watch;
}

LossWatch::Counts LossWatch::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

void LossWatch::start_over() {
    const std::lock_guard lock(mutex_);
    next_.reset();
    counts_ = {};
    counts_.flushes = 1;
}

GstPadProbeReturn LossWatch::on_data(GstPad*, GstPadProbeInfo* info, gpointer data) {
    LossWatch& self = **static_cast<std::shared_ptr<LossWatch>*>(data);
    if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
        self.note_event(gst_pad_probe_info_get_event(info));
        return GST_PAD_PROBE_OK;
    }
    alignas(4) guint8 header[4] = {};
    gst_buffer_extract(gst_pad_probe_info_get_buffer(info), 0, header, sizeof header);
    const std::lock_guard lock(self.mutex_);
    self.pass(GST_READ_UINT16_BE(header + 2));
    ++self.counts_.out;
    return GST_PAD_PROBE_OK;
}

// Under mutex_: this number goes by, and those between it and the last one do not come any more.
void LossWatch::pass(std::uint16_t number) {
    const auto ahead =
        next_ ? static_cast<std::int16_t>(number - *next_) : static_cast<std::int16_t>(0);
    if (ahead < 0)
        ++counts_.backwards;
    else
        counts_.missing += static_cast<std::uint64_t>(ahead);
    next_ = static_cast<std::uint16_t>(number + 1);
}

void LossWatch::note_event(GstEvent* event) {
    const std::lock_guard lock(mutex_);
    guint number = 0;
    if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) {
        next_.reset();
        ++counts_.flushes;
    } else if (gst_event_has_name(event, "GstRTPPacketLost") != FALSE &&
               gst_structure_get_uint(gst_event_get_structure(event), "seqnum", &number) != FALSE) {
        pass(static_cast<std::uint16_t>(number));
        ++counts_.missing;
    }
}

} // namespace tactus::soak
