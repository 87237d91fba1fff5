// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>
#include <vector>

namespace tactus::soak {

/// Knows of each element that came into a pipeline, whoever made it, and whether it still exists.
/// It holds none.
///
/// Threads: any. What it was told of may outlive it.
class LifeWatch {
  public:
    LifeWatch();

    /// The pipeline and all elements in it, now and later.
    void watch(GstElement* pipeline);
    void watch_object(GstObject* object);

    /// What exists, each as its kind and its name.
    std::vector<std::string> alive() const;
    /// Of those, what was taken out of its pipeline.
    std::vector<std::string> alive_outside() const;
    /// How many there ever were.
    std::size_t seen() const;

  private:
    struct Book;
    struct Entry;

    static void on_added(GstBin* pipeline, GstBin* bin, GstElement* element, gpointer self);
    static void on_gone(gpointer entry, GObject* object);

    std::shared_ptr<Book> book_;
};

} // namespace tactus::soak
