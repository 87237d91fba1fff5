// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A process of a test's own, for what ends a process or happens once in it.
#pragma once

#include "sanitized.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace tactus {

struct ChildResult {
    int exit_code = -1; ///< -1: it did not exit by itself
    std::string errors; ///< what it wrote to stderr
};

/// For a case that forks a process with threads and lets the child exit.
#define TACTUS_NEEDS_FORK_OF_THREADS()                                                             \
    do {                                                                                           \
        if (tactus::test::kAddressSanitized)                                                       \
            GTEST_SKIP() << "at exit the leak sanitizer waits for threads that a forked child "    \
                            "does not have";                                                       \
    } while (false)

/// Runs `body` in a forked child that sees `tracers` as GST_TRACERS; its result is the exit code.
/// The caller must not have started GStreamer, nor any thread.
inline ChildResult run_in_child(const std::string& tracers, const std::function<int()>& body) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0)
        return {};
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        setenv("GST_TRACERS", tracers.c_str(), 1);
        std::exit(body());
    }
    close(ends[1]);
    ChildResult result;
    std::array<char, 4096> part{};
    ssize_t length = 0;
    while ((length = read(ends[0], part.data(), part.size())) > 0)
        result.errors.append(part.data(), static_cast<std::size_t>(length));
    close(ends[0]);
    int status = 0;
    if (waitpid(child, &status, 0) == child && WIFEXITED(status))
        result.exit_code = WEXITSTATUS(status);
    return result;
}

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline int occurrences(const std::string& text, const std::string& word) {
    int count = 0;
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += word.size())
        ++count;
    return count;
}

/// The output of a program; `exit_code` as it left it.
inline std::string output_of(const std::string& command, int& exit_code) {
    std::string output;
    std::FILE* program = popen(command.c_str(), "r");
    if (program == nullptr)
        return output;
    std::array<char, 65536> part{};
    std::size_t length = 0;
    while ((length = std::fread(part.data(), 1, part.size(), program)) > 0)
        output.append(part.data(), length);
    const int status = pclose(program);
    exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return output;
}

} // namespace tactus
