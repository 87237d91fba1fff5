// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/glsl_compiler.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tactus {

/// What GLSL was compiled to earlier: starting glslang and compiling takes longer than all else
/// before a first frame, once the driver's pipeline cache is warm.
///
/// An entry holds for exactly the same text, preamble, name and directories, and as long as all
/// files that were included still have the content they had. Names are compared whole, contents
/// too: nothing is left to a hash. The words are validated again when a Shader is made of them,
/// whatever the cache says. The newest kEntries are kept.
///
/// Threads: any; locks itself.
class SpirvCache {
  public:
    /// The files that were included are added to `files`.
    std::optional<std::vector<std::uint32_t>> find(const GlslSource& source,
                                                   ShaderTexts& files) const;
    /// `files`: those that were included, as the compiler read them.
    void add(const GlslSource& source, const ShaderTexts& files,
             const std::vector<std::uint32_t>& words);

    /// For a file. Of another version of glslang or of this format: load returns false and changes
    /// nothing, as it does if the bytes are damaged.
    std::vector<std::byte> data() const;
    bool load(std::span<const std::byte> data);
    std::size_t size() const;
    /// How many entries `add` has made so far: when that grows there is something new to store.
    std::uint64_t added() const;

    static constexpr std::size_t kEntries = 64;

  private:
    struct Entry {
        std::string source; ///< all that decides, but the included files
        ShaderTexts files;
        std::vector<std::uint32_t> words;
    };

    void keep(Entry entry);

    mutable std::mutex lock_;
    std::deque<Entry> entries_; ///< newest first
    std::uint64_t added_ = 0;
};

} // namespace tactus
