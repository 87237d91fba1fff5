// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/shader_watch.h"

#include "core/vulkan/file_watch.h"
#include "vkcompute/vkcompute_debug.h"

#include <array>
#include <cerrno>
#include <exception>
#include <memory>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace tactus {

namespace {

void run(FileWatch& watch, int wake_fd,
         const std::function<std::vector<std::string>()>& on_change) {
    for (;;) {
        std::array<pollfd, 2> fds{{{watch.fd(), POLLIN, 0}, {wake_fd, POLLIN, 0}}};
        if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR)
            return;
        if (fds[1].revents != 0)
            return;
        try {
            if (fds[0].revents != 0 && watch.take_changes())
                watch.add(on_change());
        } catch (const std::exception& thrown) {
            GST_WARNING("an edit may be missed: %s", thrown.what());
        }
    }
}

} // namespace

std::string ShaderWatch::start(const std::vector<std::string>& files,
                               std::function<std::vector<std::string>()> on_change) {
    stop();
    std::string error;
    std::shared_ptr<FileWatch> watch = FileWatch::create(files, error);
    if (!watch)
        return error;
    wake_fd_ = eventfd(0, EFD_CLOEXEC);
    if (wake_fd_ < 0)
        return "no eventfd";
    thread_ = std::thread([watch, wake_fd = wake_fd_, on_change = std::move(on_change)] {
        run(*watch, wake_fd, on_change);
    });
    return error;
}

void ShaderWatch::stop() {
    if (thread_.joinable()) {
        eventfd_write(wake_fd_, 1);
        thread_.join();
    }
    if (wake_fd_ >= 0)
        close(wake_fd_);
    wake_fd_ = -1;
}

} // namespace tactus
