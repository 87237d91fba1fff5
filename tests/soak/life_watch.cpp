// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "life_watch.h"

#include <map>
#include <mutex>

namespace tactus::soak {

namespace {

std::string name_of(GstObject* object) {
    const std::string name = GST_OBJECT_NAME(object);
    GstElementFactory* const factory =
        GST_IS_ELEMENT(object) ? gst_element_get_factory(GST_ELEMENT(object)) : nullptr;
    const char* const kind =
        factory != nullptr ? GST_OBJECT_NAME(factory) : G_OBJECT_TYPE_NAME(object);
    return std::string(kind) + " " + name;
}

} // namespace

struct LifeWatch::Book {
    struct Life {
        GstObject* object; ///< exists while the mutex is held
        std::string name;
        bool is_pipeline;
    };

    std::mutex mutex; ///< guards the two below
    std::map<std::size_t, Life> lives;
    std::size_t seen = 0;
};

/// What an object's weak reference carries.
struct LifeWatch::Entry {
    std::shared_ptr<Book> book;
    std::size_t number;
};

LifeWatch::LifeWatch() : book_(std::make_shared<Book>()) {}

void LifeWatch::watch_object(GstObject* object) {
    auto* const entry = new Entry{book_, 0};
    {
        const std::lock_guard lock(book_->mutex);
        entry->number = book_->seen++;
        book_->lives[entry->number] = {object, name_of(object), GST_IS_PIPELINE(object) != FALSE};
    }
    g_object_weak_ref(G_OBJECT(object), on_gone, entry);
}

void LifeWatch::on_gone(gpointer data, GObject*) {
    const std::unique_ptr<Entry> entry(static_cast<Entry*>(data));
    const std::lock_guard lock(entry->book->mutex);
    entry->book->lives.erase(entry->number);
}

void LifeWatch::on_added(GstBin*, GstBin*, GstElement* element, gpointer data) {
    LifeWatch self(*static_cast<LifeWatch*>(data));
    self.watch_object(GST_OBJECT(element));
}

void LifeWatch::watch(GstElement* pipeline) {
    watch_object(GST_OBJECT(pipeline));
    g_signal_connect_data(
        pipeline, "deep-element-added", G_CALLBACK(on_added), new LifeWatch(*this),
        [](gpointer data, GClosure*) { delete static_cast<LifeWatch*>(data); },
        static_cast<GConnectFlags>(0));
    GstIterator* const all = gst_bin_iterate_recurse(GST_BIN(pipeline));
    const auto note = [](const GValue* item, gpointer self) {
        static_cast<LifeWatch*>(self)->watch_object(GST_OBJECT(g_value_get_object(item)));
    };
    gst_iterator_foreach(all, note, this);
    gst_iterator_free(all);
}

std::vector<std::string> LifeWatch::alive() const {
    std::vector<std::string> names;
    const std::lock_guard lock(book_->mutex);
    for (const auto& [number, life] : book_->lives)
        names.push_back(life.name);
    return names;
}

std::vector<std::string> LifeWatch::alive_outside() const {
    std::vector<std::string> names;
    const std::lock_guard lock(book_->mutex);
    for (const auto& [number, life] : book_->lives) {
        GST_OBJECT_LOCK(life.object);
        const bool outside = GST_OBJECT_PARENT(life.object) == nullptr;
        GST_OBJECT_UNLOCK(life.object);
        if (outside && !life.is_pipeline)
            names.push_back(life.name);
    }
    return names;
}

std::size_t LifeWatch::seen() const {
    const std::lock_guard lock(book_->mutex);
    return book_->seen;
}

} // namespace tactus::soak
