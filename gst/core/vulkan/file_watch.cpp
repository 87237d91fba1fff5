// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/file_watch.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <sys/inotify.h>
#include <system_error>
#include <unistd.h>

namespace tactus {

std::unique_ptr<FileWatch> FileWatch::create(const std::vector<std::string>& files,
                                             std::string& error) {
    const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) {
        error = std::string("inotify: ") + std::generic_category().message(errno);
        return nullptr;
    }
    std::unique_ptr<FileWatch> watch(new FileWatch(fd));
    error = watch->add(files);
    return watch;
}

std::string FileWatch::add(const std::vector<std::string>& files) {
    std::string error;
    for (const std::string& file : files)
        add(file, error);
    return error;
}

FileWatch::~FileWatch() {
    close(fd_);
}

void FileWatch::add(const std::string& file, std::string& error) {
    const std::filesystem::path path(file);
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    const int watch = inotify_add_watch(fd_, folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO);
    if (watch < 0)
        error = "cannot watch " + folder.string() + ": " + std::generic_category().message(errno);
    else
        names_[watch].insert(path.filename().string());
}

bool FileWatch::take_changes() {
    bool changed = false;
    alignas(inotify_event) std::array<char, 4096> bytes;
    for (;;) {
        const ssize_t length = read(fd_, bytes.data(), bytes.size());
        if (length <= 0)
            return changed;
        for (ssize_t at = 0; at < length;) {
            const auto* event = reinterpret_cast<const inotify_event*>(bytes.data() + at);
            const auto found = names_.find(event->wd);
            changed |=
                (event->mask & IN_Q_OVERFLOW) != 0 ||
                (found != names_.end() && event->len != 0 && found->second.count(event->name) != 0);
            at += static_cast<ssize_t>(sizeof *event + event->len);
        }
    }
}

} // namespace tactus
