// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Replacing the word queue in a working launch line must work: gst-launch-1.0 -v, run with both,
// has to end the same way after the same number of buffers.
#include "factories.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <dlfcn.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <vector>

namespace {

struct Outcome {
    int exit_code = -1;
    int buffers = 0; ///< into all fakesinks
    std::string output;
};

struct Line {
    const char* text; ///< @ stands for the queue
    int exit_code = 0;
    const char* needs = nullptr; ///< an element that may be missing
};

// The core logs each call of a chain function. (Counting the last-message lines of -v would not do:
// with two sinks some get lost, with queue as well.)
constexpr const char* kSink = "fakesink";
constexpr const char* kChainLog = "GST_SCHEDULING:5";

const std::vector<Line> kLines = {
    {"videotestsrc num-buffers=100 ! @ ! $"},
    {"audiotestsrc num-buffers=100 ! @ ! audioconvert ! audioresample ! @ ! $"},
    {"videotestsrc num-buffers=50 ! tee name=t ! @ ! $ t. ! @ ! $"},
    {"videotestsrc num-buffers=30 ! video/x-raw,framerate=100/1 ! @ max-size-buffers=1 ! "
     "videoconvert ! video/x-raw,format=BGRA ! @ ! $ sync=true"},
    {"videotestsrc num-buffers=30 ! jpegenc ! @ ! jpegdec ! @ ! $", 0, "jpegenc"},
    {"audiotestsrc num-buffers=50 ! @ ! wavenc ! @ ! $", 0, "wavenc"},
    {"matroskamux name=m ! @ ! $ videotestsrc num-buffers=30 ! jpegenc ! @ ! m. "
     "audiotestsrc num-buffers=30 ! @ ! m.",
     0, "matroskamux"},
    {"audiotestsrc num-buffers=100 ! @ max-size-buffers=0 max-size-bytes=0 max-size-time=0 "
     "min-threshold-time=200000000 ! $"},
    {"videotestsrc num-buffers=50 ! @ leaky=upstream silent=true flush-on-eos=false "
     "max-size-buffers=0 max-size-bytes=0 max-size-time=0 ! $"},
    {"fakesrc num-buffers=1000 sizetype=fixed sizemax=100 ! @ max-size-bytes=1 ! identity ! @ ! $"},
    {"compositor name=c ! @ ! $ videotestsrc num-buffers=20 ! @ ! c. "
     "videotestsrc num-buffers=20 ! @ ! c.",
     0, "compositor"},
    {"videotestsrc num-buffers=40 ! @ ! valve drop=true drop-mode=forward-sticky-events ! $ "
     "async=false"},
    {"videotestsrc ! @ ! identity eos-after=20 ! $"},
    {"audiotestsrc num-buffers=100 ! @ ! identity error-after=5 ! $", 1},
    {"videotestsrc num-buffers=10 ! @ ! wavenc ! $", 1, "wavenc"},
};

std::string replaced(std::string text, char mark, const std::string& by) {
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += by.size())
        text.replace(at, 1, by);
    return text;
}

std::string launch_line(const Line& line, const char* queue) {
    return replaced(replaced(line.text, '@', queue), '$', kSink);
}

int count_of(const std::string& text, const std::string& word) {
    int count = 0;
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += word.size())
        ++count;
    return count;
}

int buffers_into_fakesinks(const std::string& log) {
    int count = 0;
    for (std::size_t at = 0, end = 0; at < log.size(); at = end + 1) {
        end = std::min(log.find('\n', at), log.size());
        const std::string_view line(log.data() + at, end - at);
        count += line.find("<fakesink") != std::string_view::npos &&
                 line.find("calling chainfunction") != std::string_view::npos;
    }
    return count;
}

/// gst-launch-1.0 has no sanitizer in it; ours must be loaded before the plugin is.
bool add_sanitizer(char**& environment) {
#if defined(__SANITIZE_ADDRESS__)
    Dl_info info{};
    void* symbol = dlsym(RTLD_DEFAULT, "__asan_init");
    if (symbol == nullptr || dladdr(symbol, &info) == 0 ||
        std::string(info.dli_fname).find("asan") == std::string::npos)
        return false;
    environment = g_environ_setenv(environment, "LD_PRELOAD", info.dli_fname, TRUE);
    environment = g_environ_setenv(environment, "ASAN_OPTIONS", "detect_leaks=0", TRUE);
#endif
    (void)environment;
    return true;
}

bool run(const std::string& line, Outcome& outcome) {
    int argc = 0;
    char** words = nullptr;
    const std::string command = "timeout 100 gst-launch-1.0 -v " + line;
    EXPECT_TRUE(g_shell_parse_argv(command.c_str(), &argc, &words, nullptr));
    char** environment = g_environ_setenv(g_get_environ(), "LC_ALL", "C", TRUE);
    environment = g_environ_setenv(environment, "GST_DEBUG", kChainLog, TRUE);
    environment = g_environ_setenv(environment, "GST_DEBUG_NO_COLOR", "1", TRUE);
    environment = g_environ_unsetenv(environment, "GST_DEBUG_FILE");
    EXPECT_TRUE(add_sanitizer(environment));
    char* out = nullptr;
    char* err = nullptr;
    int status = 0;
    GError* error = nullptr;
    const bool ran = g_spawn_sync(nullptr, words, environment, G_SPAWN_SEARCH_PATH, nullptr,
                                  nullptr, &out, &err, &status, &error) != FALSE;
    if (ran) {
        outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        outcome.output = std::string(out) + err;
        outcome.buffers = buffers_into_fakesinks(err);
    } else {
        ADD_FAILURE() << error->message;
    }
    g_clear_error(&error);
    g_free(out);
    g_free(err);
    g_strfreev(words);
    g_strfreev(environment);
    return ran;
}

bool is_missing(const char* element) {
    return element != nullptr && !tactus::has_element(element);
}

class Launch : public testing::TestWithParam<std::size_t> {
  protected:
    static void SetUpTestSuite() { gst_init(nullptr, nullptr); }
    void SetUp() override {
        char* program = g_find_program_in_path("gst-launch-1.0");
        const bool found = program != nullptr;
        g_free(program);
        if (!found)
            skip("gst-launch-1.0 is not installed");
        else if (is_missing(kLines[GetParam()].needs))
            skip(std::string("no element ") + kLines[GetParam()].needs);
    }
    static void skip(const std::string& reason) {
        std::printf("skipped: %s\n", reason.c_str());
        GTEST_SKIP() << reason;
    }
};

} // namespace

TEST_P(Launch, EndsAsWithQueueAfterTheSameBuffers) {
    const Line& line = kLines[GetParam()];
    Outcome queue;
    Outcome ring;
    ASSERT_TRUE(run(launch_line(line, "queue"), queue));
    ASSERT_TRUE(run(launch_line(line, "ringqueue"), ring));
    EXPECT_EQ(queue.exit_code, line.exit_code) << line.text;
    EXPECT_EQ(ring.exit_code, queue.exit_code) << line.text;
    if (line.exit_code == 0) { // an error stops the sinks where they happen to be
        EXPECT_EQ(ring.buffers, queue.buffers) << line.text;
        EXPECT_EQ(count_of(ring.output, "WARNING"), 0) << line.text;
    }
    EXPECT_EQ(count_of(ring.output, "CRITICAL"), 0) << line.text;
    std::printf("exit %d, %d buffers: %s\n", ring.exit_code, ring.buffers, line.text);
}

INSTANTIATE_TEST_SUITE_P(Lines, Launch, testing::Range(std::size_t{0}, kLines.size()));
