// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/trace/proto_writer.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tactus {

/// A file of packets (fields of a protobuf message, one after the other) that is valid at every
/// moment up to the last flush(): nothing is written at the end, nothing is changed later.
///
/// Packets gather in a buffer of fixed size, which goes out when it is full or on flush(). When a
/// write fails for good (disk full, file size limit), the file is cut after the last whole packet,
/// error() says why, and all further packets are counted as lost. SIGXFSZ and SIGPIPE of its own
/// writes never reach the program.
///
/// Threads: one at a time; abandon() too, in a forked child. Owns the file descriptor. Allocates in
/// open() only, and for error texts.
class TraceFile {
  public:
    static constexpr std::size_t kBufferBytes = std::size_t{256} * 1024;
    /// What one packet may take; a longer one is lost and counted.
    static constexpr std::size_t kMaxPacketBytes = std::size_t{16} * 1024;

    /// write(2) or what a test puts in its place.
    using Write = std::function<ssize_t(int fd, const void* bytes, std::size_t count)>;

    /// Creates the file or empties it. Null, and `error` says which path and why, if that fails.
    static std::unique_ptr<TraceFile> open(const std::string& path, std::string& error);
    static std::unique_ptr<TraceFile> open(const std::string& path, std::string& error,
                                           Write write);
    /// Flushes and closes.
    ~TraceFile();
    TraceFile(const TraceFile&) = delete;
    TraceFile& operator=(const TraceFile&) = delete;

    /// Where to write the one field that is the next packet; end_packet() follows.
    ProtoWriter& begin_packet() {
        if (writer_.room() < kMaxPacketBytes)
            flush();
        packet_ = writer_.size();
        return writer_;
    }
    void end_packet() {
        if (!writer_.ok() || writer_.size() - packet_ > kMaxPacketBytes || !accepts_)
            lose_packet();
        else
            ++buffered_packets_;
    }

    /// Hands all packets to the kernel. False if the file has failed, now or before.
    bool flush();

    /// For a forked child: closes the descriptor, writes nothing now or later. Async-signal-safe.
    void abandon();

    bool failed() const { return !error_.empty(); }
    /// Empty, or why nothing is written any more, with the path: one sentence for the user.
    const std::string& error() const { return error_; }
    const std::string& path() const { return path_; }
    std::uint64_t bytes_written() const { return written_bytes_; }
    std::uint64_t packets_written() const { return written_packets_; }
    std::uint64_t packets_lost() const { return lost_packets_; }

  private:
    TraceFile(std::string path, int fd, Write write);

    std::size_t write_out(int& error_number);
    void fail(std::size_t out, int error_number);
    void lose_packet();

    std::string path_;
    std::string error_;
    int fd_;
    bool accepts_ = true;
    Write write_;
    std::vector<std::uint8_t> buffer_;
    ProtoWriter writer_;
    std::size_t packet_ = 0; ///< offset in the buffer of the packet that is being written
    std::uint64_t buffered_packets_ = 0;
    std::uint64_t written_bytes_ = 0;
    std::uint64_t written_packets_ = 0;
    std::uint64_t lost_packets_ = 0;
};

} // namespace tactus
