// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/atomic_files.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <system_error>
#include <unistd.h>

namespace tactus {

namespace {

constexpr int kMaxLinks = 40; // as the kernel's own limit

std::string trouble(const char* what, const std::string& path, int error) {
    std::string why = std::generic_category().message(error);
    if (error == ENOENT)
        why += "; make the folder '" + std::filesystem::path(path).parent_path().string() +
               "' first, or name a file elsewhere";
    else if (error == EACCES || error == EROFS)
        why += "; name a file in a folder that you may write to";
    return std::string("cannot ") + what + " " + path + ": " + why;
}

/// A complete file under a temporary name; taken away unless it has been put in place.
class WrittenFile {
  public:
    explicit WrittenFile(const FileContent& file) : path_(file.path) {
        std::error_code error;
        std::filesystem::path path(path_);
        for (int hops = 0; hops < kMaxLinks && std::filesystem::is_symlink(path, error); ++hops)
            path = path.parent_path() / std::filesystem::read_symlink(path, error);
        path_ = path.string();
        const auto status = std::filesystem::status(path_, error);
        if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
            error_ = "cannot write " + path_ + ": it is not a regular file; name a file";
            return;
        }
        error_ = write(file.content);
    }
    ~WrittenFile() {
        if (!temporary_.empty())
            ::unlink(temporary_.c_str());
    }
    WrittenFile(const WrittenFile&) = delete;
    WrittenFile& operator=(const WrittenFile&) = delete;

    const std::string& error() const { return error_; }

    std::string put_in_place() {
        if (std::rename(temporary_.c_str(), path_.c_str()) != 0)
            return trouble("replace", path_, errno);
        temporary_.clear();
        return "";
    }

  private:
    std::string write(std::string_view content) {
        static constinit std::atomic<unsigned> count{0};
        const std::string name =
            path_ + "." + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".tmp";
        const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0)
            return trouble("create", path_, errno);
        temporary_ = name;
        int error = write_all(fd, content);
        // Some file systems say only here that the disk is full.
        if (::close(fd) != 0 && error == 0)
            error = errno;
        return error == 0 ? "" : trouble("write", path_, error);
    }

    std::string path_;
    std::string temporary_;
    std::string error_;
};

} // namespace

int write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0)
            content.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

std::string why_not_writable(const std::string& path) {
    return WrittenFile({path, ""}).error();
}

std::string write_files_atomically(const std::vector<FileContent>& files) {
    std::vector<std::unique_ptr<WrittenFile>> written;
    for (const FileContent& file : files) {
        written.push_back(std::make_unique<WrittenFile>(file));
        if (!written.back()->error().empty())
            return written.back()->error();
    }
    for (const auto& file : written) {
        std::string error = file->put_in_place();
        if (!error.empty())
            return error;
    }
    return "";
}

} // namespace tactus
