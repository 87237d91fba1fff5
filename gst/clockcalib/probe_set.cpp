// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/probe_set.h"

#include "clockcalib/object_book.h"
#include "clockcalib/recorder.h"
#include "glue/fast_clock.h"
#include "glue/handles.h"

#include <algorithm>
#include <utility>

namespace tactus {

namespace {

constexpr auto kProbed = static_cast<GstPadProbeType>(
    GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST |
    GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH);

GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer) {
    if (!Recorder::active())
        return GST_PAD_PROBE_OK;
    const std::uint64_t stamp = FastClock::raw_stamp();
    Recorder& recorder = Recorder::instance();
    if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0)
        recorder.push(stamp, pad, GST_PAD_PROBE_INFO_BUFFER(info),
                      (info->type & GST_PAD_PROBE_TYPE_PULL) != 0);
    else if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0)
        recorder.push_list(stamp, pad, GST_PAD_PROBE_INFO_BUFFER_LIST(info));
    else if (GST_PAD_PROBE_INFO_EVENT(info) != nullptr)
        recorder.event(stamp, pad, GST_PAD_PROBE_INFO_EVENT(info));
    return GST_PAD_PROBE_OK;
}

/// A pad, an element or a bin.
using TappedHandle = std::unique_ptr<GstObject, ObjectUnref>;

GQuark tapped_quark() {
    static const GQuark quark = g_quark_from_static_string("tactus-clockcalib-tapped");
    return quark;
}

void on_relinked(GstPad*, GstPad*, gpointer) {
    ObjectBook::graph_changed();
}

} // namespace

/// Something on an object of the pipeline that is to be taken off again.
struct ProbeSet::Tap {
    Tap(GObject* object, gulong handler, gulong probe)
        : address_(object), handler_(handler), probe_(probe) {
        g_weak_ref_init(&object_, object);
    }
    ~Tap() { g_weak_ref_clear(&object_); }
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;

    void take_off() {
        auto* object = static_cast<GObject*>(g_weak_ref_get(&object_));
        if (object == nullptr)
            return;
        if (handler_ != 0)
            g_signal_handler_disconnect(object, handler_);
        if (probe_ != 0)
            gst_pad_remove_probe(GST_PAD_CAST(object), probe_);
        g_object_set_qdata(object, tapped_quark(), nullptr);
        g_object_unref(object);
    }
    /// A reference, or null once the object has gone. It may be the last one.
    TappedHandle object() { return TappedHandle(GST_OBJECT_CAST(g_weak_ref_get(&object_))); }
    /// `wanted` is an object to which the caller has a reference.
    bool is_on(gpointer wanted) {
        return address_ == wanted && object() != nullptr; // not one that had its address before
    }

  private:
    gpointer address_;
    GWeakRef object_;
    gulong handler_;
    gulong probe_;
};

/// All probes of the process write to the one recorder, so an object that has been tapped by one
/// set is not tapped by another. Returns whether it was free.
bool ProbeSet::mark(GObject* object) {
    return g_object_replace_qdata(object, tapped_quark(), nullptr, GINT_TO_POINTER(1), nullptr,
                                  nullptr) != FALSE;
}

struct ProbeSet::Shared : std::enable_shared_from_this<Shared> {
    void tap_bin(GstElement* bin);
    void tap_element(GstElement* element);
    void tap_pad(GstPad* pad);
    void connect(gpointer object, const char* signal, GCallback callback, bool with_data);
    void keep(GObject* object, gulong handler, gulong probe);

    std::mutex mutex;
    bool attached = false;
    std::vector<std::unique_ptr<Tap>> taps;
    std::size_t clean_at = 1024;
};

namespace {

/// What a signal handler carries; freed with the handler.
template <typename Shared>
std::shared_ptr<Shared>& shared_in(gpointer data) {
    return *static_cast<std::shared_ptr<Shared>*>(data);
}

} // namespace

void ProbeSet::Shared::connect(gpointer object, const char* signal, GCallback callback,
                               bool with_data) {
    gulong handler = 0;
    if (with_data)
        handler = g_signal_connect_data(
            object, signal, callback, new std::shared_ptr<Shared>(shared_from_this()),
            [](gpointer data, GClosure*) { delete &shared_in<Shared>(data); },
            static_cast<GConnectFlags>(0));
    else
        handler = g_signal_connect(object, signal, callback, nullptr);
    keep(G_OBJECT(object), handler, 0);
}

/// Taps of objects that have gone are forgotten when their number has doubled.
void ProbeSet::Shared::keep(GObject* object, gulong handler, gulong probe) {
    auto tap = std::make_unique<Tap>(object, handler, probe);
    std::vector<std::unique_ptr<Tap>> dead;
    std::vector<TappedHandle> alive; // let go without the mutex: what is freed may call back
    {
        const std::lock_guard lock(mutex);
        if (attached)
            taps.push_back(std::exchange(tap, nullptr));
        if (taps.size() >= clean_at) {
            const auto gone = std::stable_partition(taps.begin(), taps.end(), [&](const auto& t) {
                return alive.emplace_back(t->object()) != nullptr;
            });
            std::move(gone, taps.end(), std::back_inserter(dead));
            taps.erase(gone, taps.end());
            clean_at = std::max<std::size_t>(1024, taps.size() * 2);
        }
    }
    if (tap)
        tap->take_off();
}

void ProbeSet::Shared::tap_pad(GstPad* pad) {
    ObjectBook::graph_changed();
    if (!GST_PAD_IS_SRC(pad) || GST_IS_PROXY_PAD(pad) || !mark(G_OBJECT(pad)))
        return;
    keep(G_OBJECT(pad), 0, gst_pad_add_probe(pad, kProbed, on_data, nullptr, nullptr));
    connect(pad, "linked", G_CALLBACK(on_relinked), false);
    connect(pad, "unlinked", G_CALLBACK(on_relinked), false);
}

void ProbeSet::Shared::tap_element(GstElement* element) {
    ObjectBook::graph_changed();
    if (GST_IS_BIN(element) || !mark(G_OBJECT(element)))
        return;
    // First the signal: a pad that comes in between is met twice rather than not at all.
    const auto on_pad =
        +[](GstElement*, GstPad* pad, gpointer data) { shared_in<Shared>(data)->tap_pad(pad); };
    connect(element, "pad-added", G_CALLBACK(on_pad), true);
    const auto tap_one = +[](GstElement*, GstPad* pad, gpointer shared) -> gboolean {
        static_cast<Shared*>(shared)->tap_pad(pad);
        return TRUE;
    };
    gst_element_foreach_src_pad(element, tap_one, this);
}

void ProbeSet::Shared::tap_bin(GstElement* bin) {
    const auto on_element = +[](GstBin*, GstBin*, GstElement* element, gpointer data) {
        shared_in<Shared>(data)->tap_element(element);
    };
    connect(bin, "deep-element-added", G_CALLBACK(on_element), true);
    GstIterator* all = gst_bin_iterate_recurse(GST_BIN_CAST(bin));
    const auto tap_one = +[](const GValue* value, gpointer shared) {
        static_cast<Shared*>(shared)->tap_element(
            static_cast<GstElement*>(g_value_get_object(value)));
    };
    while (gst_iterator_foreach(all, tap_one, this) == GST_ITERATOR_RESYNC)
        gst_iterator_resync(all);
    gst_iterator_free(all);
}

ProbeSet::ProbeSet() : shared_(std::make_shared<Shared>()) {}

ProbeSet::~ProbeSet() {
    detach();
}

void ProbeSet::attach(GstElement* bin) {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->attached = true;
        if (std::any_of(shared_->taps.begin(), shared_->taps.end(),
                        [bin](const auto& tap) { return tap->is_on(bin); }))
            return;
    }
    shared_->tap_bin(bin);
}

void ProbeSet::detach() {
    std::vector<std::unique_ptr<Tap>> taps;
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->attached = false;
        taps.swap(shared_->taps);
    }
    for (const auto& tap : taps)
        tap->take_off();
}

} // namespace tactus
