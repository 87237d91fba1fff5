// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/cache_file.h"

#include "core/vulkan/fnv_hash.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tactus {

namespace {

constexpr std::size_t kLargestFileBytes = std::size_t{1} << 28;

struct Header {
    char magic[8];
    std::uint64_t payload_bytes;
    std::uint64_t key_hash;
    std::uint64_t payload_hash;
};
constexpr char kMagic[8] = {'t', 'a', 'c', 't', 'u', 's', 'C', '1'};

struct FileClose {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, FileClose>;

Header header_for(const std::string& key, std::span<const std::byte> bytes) {
    Header header{};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    header.payload_bytes = bytes.size();
    header.key_hash = fnv_hash(std::as_bytes(std::span(key)));
    header.payload_hash = fnv_hash(bytes);
    return header;
}

std::string trouble(const char* what, const std::string& path) {
    return std::string("cannot ") + what + " " + path + ": " +
           std::generic_category().message(errno);
}

bool write_whole(int fd, const Header& header, std::span<const std::byte> bytes) {
    const FileHandle file(fdopen(fd, "wb"));
    if (!file) {
        close(fd);
        return false;
    }
    // An empty span may have no address, and fwrite takes no nullptr.
    const auto write = [&](const void* data, std::size_t size) {
        return size == 0 || std::fwrite(data, 1, size, file.get()) == size;
    };
    // On disk before the rename is: else a power cut could leave the new name with no content.
    return write(&header, sizeof header) && write(bytes.data(), bytes.size()) &&
           std::fflush(file.get()) == 0 && fsync(fd) == 0;
}

} // namespace

CacheFile::CacheFile(std::string path, std::string key)
    : path_(std::move(path)), key_(std::move(key)) {}

std::optional<std::vector<std::byte>> CacheFile::load() const {
    const FileHandle file(std::fopen(path_.c_str(), "rbe"));
    Header header{};
    if (!file || std::fread(&header, sizeof header, 1, file.get()) != 1 ||
        std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 ||
        header.payload_bytes > kLargestFileBytes)
        return std::nullopt;
    std::vector<std::byte> bytes(header.payload_bytes);
    if ((!bytes.empty() && std::fread(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) ||
        std::fgetc(file.get()) != EOF)
        return std::nullopt;
    const Header expected = header_for(key_, bytes);
    if (header.key_hash != expected.key_hash || header.payload_hash != expected.payload_hash)
        return std::nullopt;
    return bytes;
}

std::string CacheFile::store(std::span<const std::byte> bytes) const {
    const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
    std::error_code error;
    if (!folder.empty())
        std::filesystem::create_directories(folder, error);
    if (error)
        return "cannot make the folder " + folder.string() + ": " + error.message();
    std::string temporary = path_ + ".XXXXXX";
    const int fd = mkostemp(temporary.data(), O_CLOEXEC);
    if (fd < 0)
        return trouble("write", temporary);
    std::string wrong;
    if (!write_whole(fd, header_for(key_, bytes), bytes))
        wrong = trouble("write", temporary);
    else if (std::rename(temporary.c_str(), path_.c_str()) != 0)
        wrong = trouble("replace", path_);
    if (!wrong.empty())
        unlink(temporary.c_str());
    return wrong;
}

std::string cache_folder(const char* xdg_cache_home, const char* home) {
    if (xdg_cache_home != nullptr && xdg_cache_home[0] == '/')
        return std::string(xdg_cache_home) + "/gst-tactus";
    if (home != nullptr && home[0] == '/')
        return std::string(home) + "/.cache/gst-tactus";
    return {};
}

} // namespace tactus
