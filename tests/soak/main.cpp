// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// All elements in one process, for a long time: tools/soak builds and starts it.
#include "report.h"
#include "soak.h"
#include "voice.h"

#include <cstdio>
#include <exception>
#include <unistd.h>

namespace {

constexpr int kFailed = 1;
constexpr int kCannotRun = 2;

int soak(const tactus::soak::Options& options) {
    std::printf("soak: %.3g minutes, seed %llu\n", options.minutes,
                static_cast<unsigned long long>(options.seed));
    tactus::soak::Soak soak(options);
    const tactus::soak::Result result = soak.run();
    print_report(result, options);
    if (!options.json.empty() && !write_json(result, options)) {
        std::fprintf(stderr, "soak: %s cannot be written\n", options.json.c_str());
        return kCannotRun;
    }
    return result.failures.empty() ? 0 : kFailed;
}

int run(int argc, char** argv) {
    const tactus::soak::Parsed parsed = tactus::soak::parse_options(argc, argv);
    if (parsed.leave != 0)
        return parsed.leave - 1;
    tactus::soak::watch_log();
    gst_init(nullptr, nullptr);
    if (tactus::calls::voice_folder().empty()) {
        std::fprintf(stderr,
                     "soak: no recordings in /usr/share/sounds/alsa (package alsa-utils)\n");
        return kCannotRun;
    }
    try {
        return soak(parsed.options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "soak: %s\n", error.what());
        return kCannotRun;
    }
}

} // namespace

// Without the exit handlers of a driver whose threads may still compile for a device that was lost.
int main(int argc, char** argv) {
    const int code = run(argc, argv);
    std::fflush(nullptr);
    _exit(code);
}
