// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// numapin without privileges: what it may, what it may not and says so, and who helps. Each case
// runs as the user nobody, in a process of its own.
#include "child_process.h"
#include "fake_rtkit.h"
#include "numapin_fixture.h"
#include "scratch_folder.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace tactus;

namespace {

/// Copies the plugin to where that user may read it: the build may lie in the home of root.
void copy_plugin(const std::string& folder) {
    constexpr const char* kFile = "libgstnumapin.so";
    std::istringstream searched(std::getenv("GST_PLUGIN_PATH_1_0"));
    for (std::string from; std::getline(searched, from, ':');)
        if (std::filesystem::exists(from + "/" + kFile))
            std::filesystem::copy_file(from + "/" + kFile, folder + kFile);
}

/// Runs `body` without privileges: at once if there are none, else by running this very case again
/// as nobody, in an environment with these settings and under these limits (options of prlimit).
void as_nobody(const std::string& environment, const std::string& limits,
               const std::function<void()>& body) {
    if (geteuid() != 0) {
        body();
        return;
    }
    const ScratchFolder folder;
    std::filesystem::permissions(folder / "", std::filesystem::perms{0777});
    copy_plugin(folder / "");
    const auto& test = *testing::UnitTest::GetInstance()->current_test_info();
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
    // With the nice value that a user has, although who runs the suite may have a better one.
    const int steps_down = std::max(0, -getpriority(PRIO_PROCESS, 0));
    int exit_code = -1;
    const std::string output = output_of(
        "GST_REGISTRY=" + folder / "registry" + " GST_PLUGIN_PATH_1_0=" + folder / "" +
            " TMPDIR=" + folder / "" + " " + environment + " nice -n " +
            std::to_string(steps_down) + " prlimit --rtprio=0 --nice=0 " + limits +
            " setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all "
            "--inh-caps=-all " +
            program + " --gtest_filter=" + test.test_suite_name() + "." + test.name() + " 2>&1",
        exit_code);
    if (output.find("prlimit: failed") != std::string::npos)
        GTEST_SKIP() << "it takes CAP_SYS_RESOURCE to raise a limit first: " << output;
    if (output.find("SKIPPED") != std::string::npos)
        GTEST_SKIP() << output;
    EXPECT_EQ(exit_code, 0) << output;
    EXPECT_NE(output.find("[  PASSED  ] 1 test"), std::string::npos) << output;
}

#define TACTUS_NEEDS_SETPRIV()                                                                     \
    do {                                                                                           \
        int code = -1;                                                                             \
        output_of("setpriv --version && prlimit --version", code);                                 \
        if (geteuid() == 0 && code != 0)                                                           \
            GTEST_SKIP() << "setpriv or prlimit (util-linux) is missing";                          \
    } while (false)

/// numapin's thread states before, with and after such properties, and its warning.
struct Seen {
    std::string before, with, after, warning;
};

class Stage : public NumapinFixture {
  public:
    void TestBody() override {}
    Seen show(const std::string& properties, bool ends_by_itself = true) {
        SetUp();
        Seen seen;
        set(properties.c_str());
        seen.before = before_;
        seen.with = begins(worker_);
        seen.warning = complaint();
        if (ends_by_itself)
            on(worker_, [&] { pads_->push_event(gst_event_new_eos()); });
        pads_->stop();
        seen.after = on(worker_, [] {});
        if (const std::string more = complaint(); !more.empty())
            seen.warning += (seen.warning.empty() ? "" : " | ") + more;
        pads_.reset();
        return seen;
    }
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

class NumapinRights : public testing::Test {
  protected:
    void SetUp() override { TACTUS_NEEDS_SETPRIV(); }
};

TEST_F(NumapinRights, are_not_needed_for_cpus_and_timer_slack) {
    as_nobody("", "", [] {
        const std::string cpu = std::to_string(usable_cpus().back());
        const Seen seen = Stage().show("timer-slack-ns=1 cpus=" + cpu);
        EXPECT_EQ(seen.with, with_cpus(seen.before, cpu, "1"));
        EXPECT_EQ(seen.after, seen.before);
        EXPECT_EQ(seen.warning, "");
    });
}

TEST_F(NumapinRights, that_lack_for_the_slack_of_a_stopped_thread_are_told) {
    as_nobody("", "", [] {
        const Seen seen = Stage().show("timer-slack-ns=1", false);
        EXPECT_TRUE(has(seen.after, "slack 1")) << seen.after;
        EXPECT_TRUE(has(seen.warning, "timer slack 50000 ns of thread")) << seen.warning;
        EXPECT_TRUE(has(seen.warning, "CAP_SYS_NICE")) << seen.warning;
    });
}

TEST_F(NumapinRights, that_lack_for_one_thread_after_another_are_told_once_for_each_setting) {
    as_nobody("", "", [] {
        class TakingTurns : public Stage {
          public:
            void run() {
                SetUp();
                set("timer-slack-ns=1");
                begins(worker_);
                // Who comes puts the other one back, which it may not.
                for (int turn = 0; turn < 3; ++turn) {
                    stream_starts(other_);
                    stream_starts(worker_);
                }
                EXPECT_TRUE(has(complaint(), "timer slack 50000 ns of thread"));
                EXPECT_EQ(complaint(), "") << "the same, of another thread";
                set("timer-slack-ns=2");
                pushes(worker_, 1);
                stream_starts(other_);
                EXPECT_TRUE(has(complaint(), "timer slack")) << "of another setting it is news";
                pads_->stop();
                pads_.reset();
            }
        };
        TakingTurns().run();
    });
}

TEST_F(NumapinRights, that_lack_for_old_settings_hide_nothing_about_the_new) {
    as_nobody("", "", [] {
        class Latecomer : public Stage {
          public:
            void run() {
                SetUp();
                set("timer-slack-ns=1");
                begins(worker_);
                set("timer-slack-ns=2");
                // Puts the first thread back, which still has the settings before.
                stream_starts(other_);
                EXPECT_TRUE(has(complaint(), "timer slack 50000 ns of thread")) << "late";
                stream_starts(worker_);
                EXPECT_TRUE(has(complaint(), "timer slack 50000 ns of thread")) << "of the new";
                stream_starts(other_);
                EXPECT_EQ(complaint(), "") << "the same, of another thread";
                pads_->stop();
                pads_.reset();
            }
        };
        Latecomer().run();
    });
}

TEST_F(NumapinRights, that_lack_for_a_real_time_policy_are_told_with_a_remedy) {
    as_nobody("DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere", "", [] {
        for (const char* policy : {"fifo", "rr"}) {
            const Seen seen = Stage().show(std::string("priority=50 policy=") + policy);
            EXPECT_EQ(seen.with, seen.before);
            EXPECT_EQ(seen.after, seen.before);
            for (const std::string& part :
                 {std::string("policy ") + policy + " 50 was refused", std::string("setcap"),
                  std::string("USER - rtprio 50"), std::string("asked in vain"),
                  std::string("rtkit: no bus")})
                EXPECT_TRUE(has(seen.warning, part)) << part << " in " << seen.warning;
        }
    });
}

TEST_F(NumapinRights, that_lack_for_a_deadline_are_told_with_a_remedy) {
    as_nobody("", "", [] {
        const Seen seen = Stage().show("policy=deadline runtime=100000 deadline=10000000");
        EXPECT_EQ(seen.with, seen.before);
        EXPECT_TRUE(has(seen.warning, "it takes CAP_SYS_NICE; give the program")) << seen.warning;
    });
}

TEST_F(NumapinRights, that_lack_for_a_better_nice_value_are_told_with_a_remedy) {
    as_nobody("", "", [] {
        const Seen seen = Stage().show("nice=-5");
        EXPECT_EQ(seen.with, seen.before);
        EXPECT_TRUE(has(seen.warning, "LimitNICE=-5")) << seen.warning;
    });
}

#define TACTUS_NEEDS_ROOM_TO_SINK()                                                                \
    do {                                                                                           \
        if (getpriority(PRIO_PROCESS, 0) == 19)                                                    \
            GTEST_SKIP() << "run with nice 19, below which there is nothing";                      \
    } while (false)

TEST_F(NumapinRights, that_lack_for_the_way_back_keep_from_the_way_there) {
    TACTUS_NEEDS_ROOM_TO_SINK();
    as_nobody("", "", [] {
        for (const char* properties : {"nice=19", "policy=idle", "policy=batch nice=19"}) {
            const Seen seen = Stage().show(properties);
            EXPECT_EQ(seen.with, seen.before) << properties;
            EXPECT_TRUE(has(seen.warning, "could not be taken back")) << seen.warning;
        }
    });
}

TEST_F(NumapinRights, of_a_limit_are_used_up_to_it) {
    as_nobody("", "--rtprio=0:30", [] {
        const Seen seen = Stage().show("policy=fifo priority=30");
        EXPECT_TRUE(has(seen.with, "fifo 30")) << seen.with << seen.warning;
        EXPECT_EQ(seen.after, seen.before);
        EXPECT_EQ(seen.warning, "");
    });
}

TEST_F(NumapinRights, of_a_nice_limit_allow_nice_and_idle) {
    TACTUS_NEEDS_ROOM_TO_SINK();
    as_nobody("", "--nice=20:20", [] {
        for (const char* properties : {"nice=19", "policy=idle"}) {
            const Seen seen = Stage().show(properties);
            EXPECT_NE(seen.with, seen.before) << properties;
            EXPECT_EQ(seen.after, seen.before) << properties;
            EXPECT_EQ(seen.warning, "");
        }
    });
}

/// What both brokers have in common.
void show_broker(FakeRtkit::Kind kind, const char* variable, const std::string& name,
                 const std::string& call) {
    if (geteuid() != 0 && g_getenv(variable) == nullptr)
        GTEST_SKIP() << "without root no broker can be played";
    std::optional<FakeRtkit> broker;
    if (geteuid() == 0) {
        broker.emplace(kind);
        if (!broker->has_bus())
            GTEST_SKIP() << "dbus-daemon is missing";
    }
    as_nobody(variable + ("=" + (broker ? broker->address() : "")), "", [&] {
        const Seen seen = Stage().show("policy=fifo priority=50");
        EXPECT_TRUE(has(seen.with, "rr 20")) << seen.with;
        EXPECT_TRUE(has(seen.warning, name + " granted rr 20")) << seen.warning;
        EXPECT_EQ(seen.after, seen.before);
        rlimit limit{};
        getrlimit(RLIMIT_RTTIME, &limit);
        EXPECT_GT(limit.rlim_cur, 0U);
        EXPECT_LE(limit.rlim_max, 200'000U);
    });
    if (broker) {
        ASSERT_EQ(broker->calls().size(), 1U);
        EXPECT_EQ(broker->calls().front(), call);
        EXPECT_EQ(broker->reads().size(), 2U) << "the thread asked again";
    }
}

TEST_F(NumapinRights, are_granted_by_rtkit_to_priority_20) {
    show_broker(FakeRtkit::Kind::rtkit, "DBUS_SYSTEM_BUS_ADDRESS", "rtkit",
                "MakeThreadRealtime 20");
}

// It may be silent for a second, which a streaming thread has not got.
TEST_F(NumapinRights, of_a_broker_are_asked_for_before_there_is_a_thread) {
    if (geteuid() != 0 && g_getenv("DBUS_SYSTEM_BUS_ADDRESS") == nullptr)
        GTEST_SKIP() << "without root no broker can be played";
    std::optional<FakeRtkit> broker;
    if (geteuid() == 0) {
        broker.emplace(FakeRtkit::Kind::rtkit);
        if (!broker->has_bus())
            GTEST_SKIP() << "dbus-daemon is missing";
    }
    as_nobody("DBUS_SYSTEM_BUS_ADDRESS=" + (broker ? broker->address() : ""), "", [] {
        GstElement* const numapin = gst_element_factory_make("numapin", nullptr);
        set_properties(numapin, "policy=fifo priority=50");
        EXPECT_EQ(gst_element_set_state(numapin, GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
        gst_element_set_state(numapin, GST_STATE_NULL);
        gst_object_unref(numapin);
    });
    if (!broker)
        return;
    const std::vector<std::string> limits{"MaxRealtimePriority", "RTTimeUSecMax"};
    EXPECT_EQ(broker->reads(), limits);
    EXPECT_TRUE(broker->calls().empty());
}

/// A socket that everybody may connect to and nobody answers at.
class SilentSocket {
  public:
    SilentSocket() : path_(folder_ / "silent"), socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
        std::filesystem::permissions(folder_ / "", std::filesystem::perms{0755});
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        path_.copy(name.sun_path, sizeof name.sun_path - 1);
        EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
        EXPECT_EQ(listen(socket_, 8), 0);
        std::filesystem::permissions(path_, std::filesystem::perms{0666});
    }
    ~SilentSocket() { close(socket_); }
    SilentSocket(const SilentSocket&) = delete;
    SilentSocket& operator=(const SilentSocket&) = delete;
    std::string address() const { return "unix:path=" + path_; }

  private:
    ScratchFolder folder_;
    std::string path_;
    int socket_;
};

TEST_F(NumapinRights, are_not_waited_for_where_the_bus_is_silent) {
    const SilentSocket silent;
    g_setenv("DBUS_SYSTEM_BUS_ADDRESS", silent.address().c_str(), FALSE);
    as_nobody("DBUS_SYSTEM_BUS_ADDRESS=" + silent.address(), "", [] {
        const Seen seen = Stage().show("policy=fifo priority=50");
        EXPECT_EQ(seen.with, seen.before);
        EXPECT_TRUE(has(seen.warning, "rtkit: no bus")) << seen.warning;
    });
    g_unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

TEST_F(NumapinRights, are_granted_by_the_desktop_portal_to_priority_20) {
    show_broker(FakeRtkit::Kind::portal, "DBUS_SESSION_BUS_ADDRESS", "the desktop portal",
                "MakeThreadRealtimeWithPID 20");
}

} // namespace
