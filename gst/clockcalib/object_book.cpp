// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/object_book.h"

#include "glue/handles.h"

#include <pthread.h>
#include <unistd.h>

#include <tuple>
#include <utility>

namespace tactus {

struct ObjectBook::PadEntry {
    explicit PadEntry(std::uint32_t number) : id(number) { info.id = number; }

    const std::uint32_t id; ///< may be read without the mutex
    PadInfo info;
    const std::shared_ptr<std::atomic<std::uint64_t>> sequence =
        std::make_shared<std::atomic<std::uint64_t>>(0);
    bool told = false;
};

struct ObjectBook::ElementEntry {
    explicit ElementEntry(GstElement* element) : is_bin(GST_IS_BIN(element)) {
        g_weak_ref_init(&reference, element);
    }
    ~ElementEntry() { g_weak_ref_clear(&reference); }
    ElementEntry(const ElementEntry&) = delete;
    ElementEntry& operator=(const ElementEntry&) = delete;

    ElementInfo info;
    GWeakRef reference;
    bool is_bin;
    bool told = false;
};

namespace {

GQuark pad_quark() {
    static const GQuark quark = g_quark_from_static_string("tactus-clockcalib-pad");
    return quark;
}

GQuark element_quark() {
    static const GQuark quark = g_quark_from_static_string("tactus-clockcalib-element");
    return quark;
}

std::string name_of(GstObject* object) {
    gchar* name = gst_object_get_name(object);
    std::string copy = name != nullptr ? name : "";
    g_free(name);
    return copy;
}

ElementHandle parent_element(GstObject* object) {
    GstObject* parent = gst_object_get_parent(object);
    if (parent != nullptr && !GST_IS_ELEMENT(parent)) {
        gst_object_unref(parent);
        parent = nullptr;
    }
    return ElementHandle(GST_ELEMENT_CAST(parent));
}

std::string path_of(GstElement* element) {
    std::string path = name_of(GST_OBJECT_CAST(element));
    for (auto parent = parent_element(GST_OBJECT_CAST(element)); parent;
         parent = parent_element(GST_OBJECT_CAST(parent.get())))
        path = name_of(GST_OBJECT_CAST(parent.get())) + "/" + path;
    return path;
}

std::string factory_of(GstElement* element) {
    GstElementFactory* factory = gst_element_get_factory(element);
    return factory != nullptr ? GST_OBJECT_NAME(factory) : "";
}

ElementInfo describe(GstElement* element) {
    ElementInfo info;
    info.name = name_of(GST_OBJECT_CAST(element));
    info.path = path_of(element);
    info.factory = factory_of(element);
    info.is_source = GST_OBJECT_FLAG_IS_SET(element, GST_ELEMENT_FLAG_SOURCE);
    info.is_sink = GST_OBJECT_FLAG_IS_SET(element, GST_ELEMENT_FLAG_SINK);
    return info;
}

bool carries_pictures(GstPad* pad) {
    GstCaps* caps = gst_pad_get_current_caps(pad);
    if (caps == nullptr)
        return false;
    const bool raw = !gst_caps_is_empty(caps) && !gst_caps_is_any(caps) &&
                     gst_structure_has_name(gst_caps_get_structure(caps, 0), "video/x-raw");
    gst_caps_unref(caps);
    return raw;
}

bool same(const ElementInfo& a, const ElementInfo& b) {
    return std::tie(a.pipeline, a.path, a.factory, a.is_source, a.is_sink) ==
           std::tie(b.pipeline, b.path, b.factory, b.is_source, b.is_sink);
}

} // namespace

std::atomic<std::uint32_t> ObjectBook::generation_{1};

ObjectBook& ObjectBook::instance() {
    // Never freed: pads may outlive every tracer and take their entries out of it.
    static ObjectBook* const book = [] {
        auto* made = new ObjectBook;
        // A child frees the pads that it has inherited, and would wait for a thread that it has
        // not.
        pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                       [] { instance().mutex_.unlock(); });
        return made;
    }();
    return *book;
}

void ObjectBook::free_pad_entry(gpointer data) {
    auto* entry = static_cast<PadEntry*>(data);
    ObjectBook& book = instance();
    {
        const std::lock_guard lock(book.mutex_);
        book.pads_.erase(entry->info.id);
        if (entry->told && book.listening_)
            book.changes_.gone_pads.push_back(entry->info.id);
    }
    delete entry;
    graph_changed();
}

void ObjectBook::free_element_entry(gpointer data) {
    auto* entry = static_cast<ElementEntry*>(data);
    {
        const std::lock_guard lock(instance().mutex_);
        instance().elements_.erase(entry->info.id);
    }
    delete entry;
}

std::uint32_t ObjectBook::note_element(GstElement* element, std::uint32_t pipeline) {
    ElementInfo info = describe(element);
    const std::lock_guard lock(mutex_);
    auto* entry =
        static_cast<ElementEntry*>(g_object_get_qdata(G_OBJECT(element), element_quark()));
    if (entry == nullptr) {
        entry = new ElementEntry(element);
        entry->info.id = next_element_++;
        elements_[entry->info.id] = entry;
        g_object_set_qdata_full(G_OBJECT(element), element_quark(), entry, free_element_entry);
    }
    info.id = entry->info.id;
    info.pipeline = pipeline != 0 ? pipeline : info.id;
    if (!entry->told || !same(info, entry->info)) {
        entry->info = info;
        entry->told = true;
        if (listening_)
            changes_.elements.push_back(std::move(info));
    }
    return entry->info.id;
}

/// The id of the outermost bin around an element, which is noted as well.
std::uint32_t ObjectBook::note_parents(GstElement* element) {
    auto top = parent_element(GST_OBJECT_CAST(element));
    if (!top)
        return 0;
    for (auto next = parent_element(GST_OBJECT_CAST(top.get())); next;
         next = parent_element(GST_OBJECT_CAST(top.get())))
        top = std::move(next);
    return note_element(top.get(), 0);
}

std::uint32_t ObjectBook::element_id(GstElement* element) {
    return note_element(element, note_parents(element));
}

ObjectBook::PadEntry& ObjectBook::entry_of(GstPad* pad, bool& is_new) {
    const std::lock_guard lock(mutex_);
    auto* entry = static_cast<PadEntry*>(g_object_get_qdata(G_OBJECT(pad), pad_quark()));
    is_new = entry == nullptr;
    if (entry == nullptr) {
        entry = new PadEntry(next_pad_++);
        pads_[entry->info.id] = entry;
        g_object_set_qdata_full(G_OBJECT(pad), pad_quark(), entry, free_pad_entry);
    }
    return *entry;
}

void ObjectBook::note_pad(GstPad* pad, PadEntry& entry) {
    PadInfo info;
    const auto element = parent_element(GST_OBJECT_CAST(pad));
    if (element)
        info.element = element_id(element.get());
    info.name = name_of(GST_OBJECT_CAST(pad));
    info.is_pictures = carries_pictures(pad);
    const std::lock_guard lock(mutex_);
    info.id = entry.info.id;
    if (entry.told && info.element == entry.info.element && info.name == entry.info.name &&
        info.is_pictures == entry.info.is_pictures)
        return;
    // A pad that is being taken away has no parent any more; what it still pushes is its element's.
    if (info.element == 0)
        info.element = entry.info.element;
    entry.info = info;
    entry.told = true;
    if (listening_)
        changes_.pads.push_back(std::move(info));
}

/// The pad of an element, not of a bin, that a push from `pad` reaches; a reference or null.
GstPad* ObjectBook::reached_from(GstPad* pad) {
    GstPad* peer = gst_pad_get_peer(pad);
    while (peer != nullptr && GST_IS_PROXY_PAD(peer)) {
        GstProxyPad* inner = gst_proxy_pad_get_internal(GST_PROXY_PAD(peer));
        gst_object_unref(peer);
        if (inner == nullptr)
            return nullptr;
        peer = gst_pad_get_peer(GST_PAD_CAST(inner));
        gst_object_unref(inner);
    }
    return peer;
}

Route ObjectBook::route(GstPad* pad) {
    Route route;
    if (GST_IS_PROXY_PAD(pad)) {
        route.ignored = true;
        return route;
    }
    PadEntry& entry = entry_of(pad, route.is_new);
    note_pad(pad, entry);
    PadEntry* other = nullptr;
    // Kept until its entry has been read: another thread may unlink and free it.
    const PadHandle reached{reached_from(pad)};
    if (reached) {
        bool other_is_new = false;
        other = &entry_of(reached.get(), other_is_new);
        note_pad(reached.get(), *other);
    }
    PadEntry* const src = GST_PAD_IS_SRC(pad) ? &entry : other;
    PadEntry* const dst = GST_PAD_IS_SRC(pad) ? other : &entry;
    if (src != nullptr) {
        route.sequence = src->sequence;
        route.src_pad = src->id;
    }
    route.dst_pad = dst != nullptr ? dst->id : 0;
    return route;
}

void ObjectBook::note_thread(std::uint32_t number) {
    ThreadInfo info;
    info.id = number;
    info.tid = static_cast<std::int32_t>(gettid());
    char name[16] = "";
    if (pthread_getname_np(pthread_self(), name, sizeof name) == 0)
        info.name = name;
    const std::lock_guard lock(mutex_);
    threads_[number] = info;
    if (listening_)
        changes_.threads.push_back(std::move(info));
}

void ObjectBook::thread_left(std::uint32_t number) {
    const std::lock_guard lock(mutex_);
    threads_.erase(number);
}

GstElement* ObjectBook::element(std::uint32_t id) {
    const std::lock_guard lock(mutex_);
    const auto found = elements_.find(id);
    return found != elements_.end()
               ? static_cast<GstElement*>(g_weak_ref_get(&found->second->reference))
               : nullptr;
}

std::vector<std::uint32_t> ObjectBook::sinks() {
    std::vector<std::uint32_t> found;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : elements_)
        if (entry->info.is_sink)
            found.push_back(id);
    return found;
}

std::vector<std::uint32_t> ObjectBook::pipelines() {
    std::vector<std::uint32_t> found;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : elements_)
        if (entry->info.pipeline == id && entry->is_bin)
            found.push_back(id);
    return found;
}

ObjectBook::Changes ObjectBook::take_changes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(changes_, {});
}

void ObjectBook::listen(bool listening) {
    const std::lock_guard lock(mutex_);
    listening_ = listening;
    changes_ = {};
    if (!listening)
        return;
    for (const auto& [number, info] : threads_)
        changes_.threads.push_back(info);
    for (const auto& [id, entry] : elements_)
        if (entry->told)
            changes_.elements.push_back(entry->info);
    for (const auto& [id, entry] : pads_)
        if (entry->told)
            changes_.pads.push_back(entry->info);
}

} // namespace tactus
