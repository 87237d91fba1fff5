// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace tactus {

/// Objects by a small number that is never used again. Pages are freed when all in them are gone,
/// so what remains of a number that has been used is 1/32 of a byte. Owns its objects; their
/// addresses stay. Not thread-safe.
template <typename T>
class IdTable {
  public:
    /// Larger ids are refused: a pad's id has 24 bits in the identity of a buffer.
    static constexpr std::uint32_t kLargestId = (1U << 24) - 1;

    T* find(std::uint32_t id) const {
        const std::size_t page = id / kPageSize;
        if (page >= pages_.size() || !pages_[page])
            return nullptr;
        return pages_[page]->items[id % kPageSize].get();
    }

    /// The object of this id, made if there is none; nullptr if the id is 0 or too large.
    T* find_or_add(std::uint32_t id) {
        if (T* known = find(id))
            return known;
        if (id == 0 || id > kLargestId)
            return nullptr;
        const std::size_t page = id / kPageSize;
        if (page >= pages_.size())
            pages_.resize(page + 1);
        if (!pages_[page])
            pages_[page] = std::make_unique<Page>();
        auto& item = pages_[page]->items[id % kPageSize];
        item = std::make_unique<T>();
        ++pages_[page]->used;
        ++size_;
        return item.get();
    }

    void erase(std::uint32_t id) {
        if (!find(id))
            return;
        auto& page = pages_[id / kPageSize];
        page->items[id % kPageSize].reset();
        --size_;
        if (--page->used == 0)
            page.reset();
    }

    std::size_t size() const { return size_; }

    /// Calls `visit(T&)` in order of id. It must not add or erase.
    template <typename Visit>
    void for_each(Visit visit) const {
        for (const auto& page : pages_) {
            if (!page)
                continue;
            for (const auto& item : page->items)
                if (item)
                    visit(*item);
        }
    }

  private:
    static constexpr std::size_t kPageSize = 256;

    struct Page {
        std::array<std::unique_ptr<T>, kPageSize> items;
        std::size_t used = 0;
    };

    std::vector<std::unique_ptr<Page>> pages_;
    std::size_t size_ = 0;
};

} // namespace tactus
