// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tactus {

/// A socket on a port of 127.0.0.1 that was free; closed with it.
class LoopbackSocket {
  public:
    /// `type`: SOCK_STREAM or SOCK_DGRAM.
    explicit LoopbackSocket(int type) : fd_(socket(AF_INET, type, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* any = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(bind(fd_, any, length), 0);
        EXPECT_EQ(getsockname(fd_, any, &length), 0);
        port_ = ntohs(address.sin_port);
    }
    ~LoopbackSocket() { close(fd_); }
    LoopbackSocket(const LoopbackSocket&) = delete;
    LoopbackSocket& operator=(const LoopbackSocket&) = delete;

    int fd() const { return fd_; }
    int port() const { return port_; }

  private:
    int fd_;
    int port_ = 0;
};

} // namespace tactus
