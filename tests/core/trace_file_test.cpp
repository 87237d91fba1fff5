// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/trace/trace_file.h"

#include "perfetto_text.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace tactus {

namespace {

std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Puts in a packet of `body` bytes, and returns what it looks like in the file.
std::string add_packet(TraceFile& file, std::size_t body, char fill = 'p') {
    const std::string text(body, fill);
    ProtoWriter& out = file.begin_packet();
    const std::size_t before = out.size();
    out.text(1, text);
    const auto written = out.written().subspan(before);
    std::string packet(written.begin(), written.end());
    file.end_packet();
    return packet;
}

class TraceFileTest : public testing::Test {
  protected:
    std::unique_ptr<TraceFile> open(TraceFile::Write write = {}) {
        std::string error;
        auto file = write ? TraceFile::open(temporary_.path(), error, std::move(write))
                          : TraceFile::open(temporary_.path(), error);
        EXPECT_NE(file, nullptr) << error;
        return file;
    }
    std::string content() const { return tactus::content(temporary_.path()); }

    TemporaryFile temporary_;
};

TEST_F(TraceFileTest, HoldsWhatWasFlushedAndTheRestOnceItIsClosed) {
    auto file = open();
    const std::string first = add_packet(*file, 100);
    EXPECT_EQ(content(), "");
    EXPECT_TRUE(file->flush());
    EXPECT_EQ(content(), first);
    const std::string second = add_packet(*file, 200);
    EXPECT_EQ(content(), first);
    file.reset();
    EXPECT_EQ(content(), first + second);
}

TEST_F(TraceFileTest, WritesItsBufferOutWhenItIsFull) {
    auto file = open();
    std::string all;
    for (std::size_t i = 0; i < 100; ++i)
        all += add_packet(*file, 10000, static_cast<char>('a' + i % 26));
    EXPECT_GT(file->packets_written(), 50u);
    file->flush();
    EXPECT_EQ(file->packets_written(), 100u);
    EXPECT_EQ(file->bytes_written(), all.size());
    EXPECT_EQ(content(), all);
}

TEST_F(TraceFileTest, EmptiesAnOldFile) {
    std::ofstream(temporary_.path()) << "of the last run";
    open();
    EXPECT_EQ(content(), "");
}

TEST_F(TraceFileTest, IsClosedInPrograms) {
    const int before = ::open("/dev/null", O_RDONLY);
    ::close(before);
    const auto file = open();
    EXPECT_NE(fcntl(before, F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(TraceFileTest, LosesAPacketThatIsTooLongAndCountsIt) {
    auto file = open();
    std::string all = add_packet(*file, 10);
    add_packet(*file, TraceFile::kMaxPacketBytes);
    add_packet(*file, TraceFile::kBufferBytes);
    all += add_packet(*file, 20);
    file->flush();
    EXPECT_EQ(content(), all);
    EXPECT_EQ(file->packets_lost(), 2u);
    EXPECT_FALSE(file->failed());
}

TEST_F(TraceFileTest, GoesOnAfterShortWritesAndInterruptions) {
    int calls = 0;
    auto file = open([&calls](int fd, const void* bytes, std::size_t count) -> ssize_t {
        if (++calls % 3 == 0) {
            errno = EINTR;
            return -1;
        }
        return ::write(fd, bytes, std::min<std::size_t>(count, 7));
    });
    std::string all;
    for (std::size_t i = 0; i < 50; ++i)
        all += add_packet(*file, i);
    EXPECT_TRUE(file->flush());
    EXPECT_EQ(content(), all);
}

TEST_F(TraceFileTest, EndsAfterTheLastWholePacketWhereverTheDiskIsFull) {
    for (std::size_t room = 0; room < 700; ++room) {
        std::size_t left = room;
        auto file = open([&left](int fd, const void* bytes, std::size_t count) -> ssize_t {
            if (left == 0) {
                errno = ENOSPC;
                return -1;
            }
            const ssize_t out = ::write(fd, bytes, std::min(count, left));
            left -= static_cast<std::size_t>(out);
            return out;
        });
        std::string whole;
        std::uint64_t fit = 0;
        std::size_t all_bytes = 0;
        for (std::size_t size : {1u, 100u, 130u, 2u, 200u, 1u}) { // 452 bytes with tags and lengths
            const std::string packet = add_packet(*file, size);
            all_bytes += packet.size();
            if (all_bytes <= room) {
                whole += packet;
                ++fit;
            }
            if (size == 100)
                file->flush();
        }
        file->flush();
        ASSERT_EQ(content(), whole) << room;
        ASSERT_EQ(file->failed(), room < all_bytes);
        ASSERT_EQ(file->packets_written(), fit);
        ASSERT_EQ(file->packets_lost(), 6 - fit) << room;
        ASSERT_EQ(file->bytes_written(), whole.size());
    }
}

TEST_F(TraceFileTest, SaysOnWhichPathAndWhyItStopped) {
    std::string error;
    auto file = TraceFile::open("/dev/full", error);
    if (!file)
        GTEST_SKIP() << "this system has no /dev/full";
    add_packet(*file, 100);
    EXPECT_TRUE(file->error().empty());
    EXPECT_FALSE(file->flush());
    EXPECT_TRUE(file->failed());
    EXPECT_NE(file->error().find("/dev/full"), std::string::npos);
    EXPECT_NE(file->error().find("No space left on device"), std::string::npos) << file->error();
    EXPECT_EQ(file->packets_lost(), 1u);
    for (int i = 0; i < 1000; ++i)
        add_packet(*file, 1000);
    EXPECT_EQ(file->packets_lost(), 1001u);
}

TEST_F(TraceFileTest, DoesNotTryAWriteOfNothingForEver) {
    auto file = open([](int, const void*, std::size_t) -> ssize_t { return 0; });
    add_packet(*file, 1);
    EXPECT_FALSE(file->flush());
    EXPECT_TRUE(file->failed());
}

TEST_F(TraceFileTest, StopsAtTheLimitOfFileSizesAndLetsTheProgramLive) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    auto file = open();
    std::string all = add_packet(*file, 600);
    all += add_packet(*file, 300);
    file->flush();
    rlimit low = before;
    low.rlim_cur = 1024;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
    add_packet(*file, 500);
    const bool flushed = file->flush();
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_FALSE(flushed);
    EXPECT_NE(file->error().find("File too large"), std::string::npos) << file->error();
    EXPECT_EQ(content(), all);
    sigset_t pending{};
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, SIGXFSZ), 0);
}

TEST_F(TraceFileTest, SaysWhyItCannotBeOpened) {
    std::string error;
    EXPECT_EQ(TraceFile::open("/no/such/folder/x.pftrace", error), nullptr);
    EXPECT_NE(error.find("/no/such/folder/x.pftrace"), std::string::npos);
    EXPECT_NE(error.find("No such file or directory"), std::string::npos);
    error.clear();
    EXPECT_EQ(TraceFile::open("/", error), nullptr);
    EXPECT_NE(error.find("Is a directory"), std::string::npos);
    error.clear();
    EXPECT_EQ(TraceFile::open("", error), nullptr);
    EXPECT_FALSE(error.empty());
}

TEST_F(TraceFileTest, RefusesPipesWithAndWithoutAReader) {
    const std::string path = temporary_.path() + ".fifo";
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    std::string error;
    EXPECT_EQ(TraceFile::open(path, error), nullptr);
    EXPECT_NE(error.find(path), std::string::npos);
    const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
    error.clear();
    EXPECT_EQ(TraceFile::open(path, error), nullptr);
    EXPECT_NE(error.find("pipe"), std::string::npos) << error;
    ::close(reader);
    ::unlink(path.c_str());
}

TEST_F(TraceFileTest, WritesNothingInAForkedChildThatAbandonsIt) {
    auto file = open();
    const std::string first = add_packet(*file, 10);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        file->abandon();
        add_packet(*file, 20);
        file->flush();
        file.reset();
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(content(), "");
    const std::string second = add_packet(*file, 30);
    file.reset();
    EXPECT_EQ(content(), first + second);
}

TEST_F(TraceFileTest, KeepsWhatWasFlushedWhenTheProgramExitsAtOnce) {
    std::string flushed;
    auto file = open();
    flushed = add_packet(*file, 10);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        file->flush();
        add_packet(*file, 20);
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(content(), flushed);
    file->abandon();
}

} // namespace

} // namespace tactus
