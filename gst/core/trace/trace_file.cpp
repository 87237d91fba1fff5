// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/trace/trace_file.h"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <pthread.h>
#include <span>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tactus {

namespace {

std::string reason(int error_number) {
    return std::generic_category().message(error_number);
}

std::string cannot_open(const std::string& path, const std::string& why) {
    return "cannot write a trace to '" + path + "': " + why;
}

/// Keeps the signals that a failing write brings from ending the program.
class WriteSignalsBlocked {
  public:
    WriteSignalsBlocked() {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGXFSZ);
        sigaddset(&signals_, SIGPIPE);
        sigset_t pending{};
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGXFSZ) == 1 || sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    }
    ~WriteSignalsBlocked() {
        // One that somebody else is waiting for is not ours to take.
        const timespec no_time{};
        while (!was_pending_ && sigtimedwait(&signals_, nullptr, &no_time) > 0) {
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    WriteSignalsBlocked(const WriteSignalsBlocked&) = delete;
    WriteSignalsBlocked& operator=(const WriteSignalsBlocked&) = delete;

  private:
    sigset_t signals_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

struct WholePackets {
    std::size_t bytes = 0;
    std::uint64_t count = 0;
};

/// How much of `bytes` is whole packets: a tag of one byte, a length, a body.
WholePackets whole_packets(std::span<const std::uint8_t> bytes) {
    WholePackets whole;
    std::size_t at = 0;
    while (at < bytes.size()) {
        ++at;
        std::size_t length = 0;
        unsigned shift = 0;
        bool more = true;
        for (; more && at < bytes.size(); ++at, shift += 7) {
            length |= static_cast<std::size_t>(bytes[at] & 0x7f) << shift;
            more = (bytes[at] & 0x80) != 0;
        }
        if (more || length > bytes.size() - at)
            break;
        at += length;
        whole.bytes = at;
        ++whole.count;
    }
    return whole;
}

} // namespace

std::unique_ptr<TraceFile> TraceFile::open(const std::string& path, std::string& error) {
    return open(path, error, [](int fd, const void* bytes, std::size_t count) {
        return ::write(fd, bytes, count);
    });
}

std::unique_ptr<TraceFile> TraceFile::open(const std::string& path, std::string& error,
                                           Write write) {
    // Without O_NONBLOCK, opening a named pipe waits for a reader.
    const int fd =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
               S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
    if (fd < 0) {
        error = cannot_open(path, reason(errno));
        return nullptr;
    }
    struct stat status {};
    if (fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))) {
        ::close(fd);
        error =
            cannot_open(path, "it is a pipe, whose reader could hold up the trace; name a file");
        return nullptr;
    }
    return std::unique_ptr<TraceFile>(new TraceFile(path, fd, std::move(write)));
}

TraceFile::TraceFile(std::string path, int fd, Write write)
    : path_(std::move(path)), fd_(fd), write_(std::move(write)), buffer_(kBufferBytes),
      writer_(buffer_) {}

TraceFile::~TraceFile() {
    flush();
    if (fd_ >= 0)
        ::close(fd_);
}

bool TraceFile::flush() {
    if (!accepts_)
        return false;
    int error_number = 0;
    const std::size_t out = write_out(error_number);
    if (error_number != 0) {
        fail(out, error_number);
        return false;
    }
    written_bytes_ += out;
    written_packets_ += std::exchange(buffered_packets_, 0);
    writer_.rewind(0);
    return true;
}

/// Writes the buffer and returns how much of it has gone out: all, if `error_number` stays 0.
std::size_t TraceFile::write_out(int& error_number) {
    const std::span<const std::uint8_t> bytes = writer_.written();
    if (bytes.empty())
        return 0;
    const WriteSignalsBlocked blocked;
    std::size_t out = 0;
    while (out < bytes.size()) {
        const ssize_t count = write_(fd_, bytes.data() + out, bytes.size() - out);
        if (count > 0) {
            out += static_cast<std::size_t>(count);
        } else if (count == 0 || errno != EINTR) {
            // A write of nothing that reports no error would be tried for ever.
            error_number = count == 0 ? EIO : errno;
            break;
        }
    }
    return out;
}

void TraceFile::fail(std::size_t out, int error_number) {
    const WholePackets whole = whole_packets(writer_.written().first(out));
    written_bytes_ += whole.bytes;
    written_packets_ += whole.count;
    lost_packets_ += std::exchange(buffered_packets_, 0) - whole.count;
    std::string end = "it ends after " + std::to_string(written_bytes_) + " bytes";
    // Devices cannot be cut, and then there is nothing to keep whole either.
    if (whole.bytes < out && ftruncate(fd_, static_cast<off_t>(written_bytes_)) != 0)
        end += ", with a broken packet behind them";
    error_ =
        "cannot write the trace '" + path_ + "' any further: " + reason(error_number) + "; " + end;
    accepts_ = false;
    writer_.rewind(0);
}

void TraceFile::lose_packet() {
    ++lost_packets_;
    writer_.rewind(packet_);
}

void TraceFile::abandon() {
    accepts_ = false;
    buffered_packets_ = 0;
    writer_.rewind(0);
    if (fd_ >= 0)
        ::close(fd_);
    fd_ = -1;
}

} // namespace tactus
