// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/spirv_cache.h"

#include <glslang/build_info.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tactus {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr std::uint32_t kMagic = 0x54535056; // "TSPV"
constexpr std::size_t kTextLimitBytes = std::size_t{16} << 20U;
constexpr std::uint32_t kFilesLimit = 256;

std::string version_text() {
    return std::to_string(GLSLANG_VERSION_MAJOR) + "." + std::to_string(GLSLANG_VERSION_MINOR) +
           "." + std::to_string(GLSLANG_VERSION_PATCH);
}

/// Lengths before the parts, so that no two sources give the same text.
std::string describe(const GlslSource& source) {
    std::string text;
    const auto append = [&text](std::string_view part) {
        text.append(std::to_string(part.size())).append(":").append(part);
    };
    append(source.text);
    append(source.name);
    append(source.preamble);
    for (const std::string& directory : source.include_directories)
        append(directory);
    return text;
}

class Writer {
  public:
    void number(std::uint32_t value) { bytes(&value, sizeof value); }
    void text(std::string_view value) {
        number(static_cast<std::uint32_t>(value.size()));
        bytes(value.data(), value.size());
    }
    void bytes(const void* from, std::size_t size) {
        const auto* const first = static_cast<const std::byte*>(from);
        out.insert(out.end(), first, first + size);
    }

    std::vector<std::byte> out;
};

/// Reads what Writer wrote; `good` goes false at the first thing that cannot be.
class Reader {
  public:
    explicit Reader(std::span<const std::byte> data) : data_(data) {}

    std::uint32_t number() {
        std::uint32_t value = 0;
        take(&value, sizeof value);
        return value;
    }
    std::string text() {
        const std::size_t size = number();
        if (size > kTextLimitBytes || size > data_.size())
            good = false;
        std::string value(good ? size : 0, '\0');
        take(value.data(), value.size());
        return value;
    }
    std::vector<std::uint32_t> words() {
        const std::size_t count = number();
        if (count > data_.size() / sizeof(std::uint32_t))
            good = false;
        std::vector<std::uint32_t> value(good ? count : 0);
        take(value.data(), value.size() * sizeof(std::uint32_t));
        return value;
    }
    bool at_end() const { return data_.empty(); }

    bool good = true;

  private:
    void take(void* to, std::size_t size) {
        good = good && size <= data_.size();
        if (!good || size == 0)
            return;
        std::memcpy(to, data_.data(), size);
        data_ = data_.subspan(size);
    }

    std::span<const std::byte> data_;
};

} // namespace

std::optional<std::vector<std::uint32_t>> SpirvCache::find(const GlslSource& source,
                                                           ShaderTexts& files) const {
    const std::string wanted = describe(source);
    const std::lock_guard guard(lock_);
    for (const Entry& entry : entries_) {
        if (entry.source != wanted)
            continue;
        const auto is_same = [&source](const auto& file) {
            GpuError error;
            return read_shader_file(file.first, error, source.held) == file.second;
        };
        if (!std::all_of(entry.files.begin(), entry.files.end(), is_same))
            continue;
        files.insert(entry.files.begin(), entry.files.end());
        return entry.words;
    }
    return std::nullopt;
}

void SpirvCache::add(const GlslSource& source, const ShaderTexts& files,
                     const std::vector<std::uint32_t>& words) {
    Entry entry{describe(source), files, words};
    const std::lock_guard guard(lock_);
    keep(std::move(entry));
    ++added_;
}

void SpirvCache::keep(Entry entry) {
    std::erase_if(entries_, [&](const Entry& old) { return old.source == entry.source; });
    entries_.push_front(std::move(entry));
    if (entries_.size() > kEntries)
        entries_.pop_back();
}

std::vector<std::byte> SpirvCache::data() const {
    const std::lock_guard guard(lock_);
    Writer writer;
    writer.number(kMagic);
    writer.number(kFormat);
    writer.text(version_text());
    writer.number(static_cast<std::uint32_t>(entries_.size()));
    for (const Entry& entry : entries_) {
        writer.text(entry.source);
        writer.number(static_cast<std::uint32_t>(entry.files.size()));
        for (const auto& [name, content] : entry.files) {
            writer.text(name);
            writer.text(content);
        }
        writer.number(static_cast<std::uint32_t>(entry.words.size()));
        writer.bytes(entry.words.data(), entry.words.size() * sizeof(std::uint32_t));
    }
    return std::move(writer.out);
}

bool SpirvCache::load(std::span<const std::byte> data) {
    Reader reader(data);
    if (reader.number() != kMagic || reader.number() != kFormat || reader.text() != version_text())
        return false;
    const std::uint32_t count = reader.number();
    std::vector<Entry> found;
    for (std::uint32_t index = 0; reader.good && index < count; ++index) {
        Entry entry;
        entry.source = reader.text();
        const std::uint32_t files = reader.number();
        reader.good = reader.good && files <= kFilesLimit;
        for (std::uint32_t file = 0; reader.good && file < files; ++file) {
            std::string name = reader.text();
            entry.files.insert_or_assign(std::move(name), reader.text());
        }
        entry.words = reader.words();
        found.push_back(std::move(entry));
    }
    if (!reader.good || !reader.at_end() || count > kEntries)
        return false;
    const std::lock_guard guard(lock_);
    std::for_each(found.rbegin(), found.rend(), [this](Entry& entry) { keep(std::move(entry)); });
    return true;
}

std::size_t SpirvCache::size() const {
    const std::lock_guard guard(lock_);
    return entries_.size();
}

std::uint64_t SpirvCache::added() const {
    const std::lock_guard guard(lock_);
    return added_;
}

} // namespace tactus
