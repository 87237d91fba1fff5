// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The figures as JSON and as a page, and the files they are in.
#include "clockcalib/report.h"

#include "clockcalib/atomic_files.h"
#include "sample_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tactus::test {

namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string content_of(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

StatsJson sample_json() {
    const LatencySnapshot latency = sample_latency();
    return stats_to_json(
        {latency, sample_clock_health(), sample_incidents(latency), "test", 1'764'100'000});
}

/// A folder of its own for each test.
class ReportFiles : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "tactus-report-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder = name;
    }
    void TearDown() override { fs::remove_all(folder); }
    std::string write(const fs::path& path) const {
        const LatencySnapshot latency = sample_latency();
        return write_report(path, {latency, {}, {}, "test", 0});
    }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
    }
    fs::path folder;
};

} // namespace

TEST(StatsJson, HasWhatTheStructsHave) {
    const StatsJson json = sample_json();
    const LatencySnapshot latency = sample_latency();
    EXPECT_EQ(json["version"], kStatsJsonVersion);
    EXPECT_EQ(json["written_utc"], "2025-11-25T19:46:40Z");
    EXPECT_EQ(json["totals"]["records_lost"], 512);
    ASSERT_EQ(json["elements"].size(), latency.elements.size());
    const StatsJson& leaky = json["elements"][10];
    EXPECT_EQ(leaky["path"], "call/preview-queue");
    EXPECT_EQ(leaky["dropped"], 214);
    EXPECT_EQ(leaky["queues"], true);
    EXPECT_EQ(leaky["residence"]["p99_ns"], latency.elements[10].residence.summary.p99);
    EXPECT_EQ(json["paths"][0]["oldest"]["sum_ns"], latency.paths[0].oldest.sum_ns);
    EXPECT_EQ(json["gpu_queues"][0]["bound_ns"], 870);
    EXPECT_EQ(json["clock_health"]["timers"][0]["lateness"]["max_ns"], 81'000'000);
    EXPECT_EQ(json["clock_health"]["clocks"][1]["last_jump_ns"], 48'000'000);
}

TEST(StatsJson, CountsEachBufferInOneBucket) {
    const StatsJson json = sample_json();
    for (const StatsJson& path : json["paths"]) {
        std::uint64_t total = 0;
        for (const StatsJson& count : path["oldest"]["bucket_counts"])
            total += count.get<std::uint64_t>();
        EXPECT_EQ(total, path["oldest"]["count"]);
        EXPECT_EQ(path["oldest"]["bucket_counts"].size(), path["oldest"]["bucket_upper_ns"].size());
    }
}

TEST(StatsJson, SaysNullForWhatTheMachineDoesNotTell) {
    const StatsJson machine = sample_json()["clock_health"]["machine"];
    EXPECT_EQ(machine["steal_ns"], 310 * kMs);
    EXPECT_TRUE(machine["cpu_frequency_min_khz"].is_null());
    EXPECT_TRUE(machine["cpu_frequency_changes"].is_null());
}

TEST(StatsJson, KeepsLargeNumbersExact) {
    LatencySnapshot latency;
    latency.at_ns = std::numeric_limits<std::uint64_t>::max();
    const auto text = json_text(stats_to_json({latency, {}, {}, "", 0}));
    EXPECT_THAT(text, HasSubstr("\"at_ns\":18446744073709551615"));
}

TEST(StatsJson, TakesNumbersThatAreNotFinite) {
    ClockHealthSnapshot health;
    health.clocks.push_back({"tsc", std::numeric_limits<double>::quiet_NaN(), HUGE_VAL, 0, 0});
    const auto json = StatsJson::parse(json_text(stats_to_json({{}, health, {}, "", 0})));
    EXPECT_TRUE(json["clock_health"]["clocks"][0]["offset_ns"].is_null());
    EXPECT_TRUE(json["clock_health"]["clocks"][0]["drift_ppm"].is_null());
}

TEST(StatsJson, TakesBytesThatAreNotUtf8) {
    LatencySnapshot latency;
    latency.elements.resize(1);
    latency.elements[0].info.name = "a\xff\xc3";
    const auto json = StatsJson::parse(json_text(stats_to_json({latency, {}, {}, "\x80", 0})));
    EXPECT_EQ(json["elements"][0]["name"], "a\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(StatsJson, NamesTheUnitOfEachIncident) {
    const StatsJson list = sample_json()["incidents"]["list"];
    ASSERT_EQ(list.size(), 4u);
    EXPECT_EQ(list[1]["kind"], "stall");
    EXPECT_EQ(list[1]["amount_ns"], 81 * kMs);
    EXPECT_EQ(list[2]["amount_ns"], -48 * static_cast<std::int64_t>(kMs));
    EXPECT_EQ(list[3]["records"], 512);
    EXPECT_FALSE(list[3].contains("amount_ns"));
}

TEST(ReportPage, LetsNoNameEndItsScript) {
    LatencySnapshot latency;
    latency.elements.resize(1);
    latency.elements[0].info.name = "</script><!--<script>";
    const std::string plain = report_html("{}");
    const std::string page = report_html(json_text(stats_to_json({latency, {}, {}, "", 0})));
    const auto count = [](const std::string& text, const std::string& word) {
        std::size_t found = 0;
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
            ++found;
        return found;
    };
    EXPECT_EQ(count(page, "<script"), count(plain, "<script"));
    EXPECT_EQ(count(page, "</script"), count(plain, "</script"));
    EXPECT_EQ(count(page, "<!--"), count(plain, "<!--"));
    EXPECT_THAT(page, HasSubstr("\\u003c/script>"));
}

TEST(ReportPage, AsksNoNetwork) {
    const std::string page = report_html("{}");
    EXPECT_THAT(page, HasSubstr("default-src 'none'"));
    EXPECT_EQ(page.find(" src="), std::string::npos);
    EXPECT_EQ(page.find("<link"), std::string::npos);
    EXPECT_EQ(page.find("@include"), std::string::npos);
}

TEST(ReportPaths, PutTheJsonBesideThePage) {
    EXPECT_EQ(report_json_path("/a/b.html"), "/a/b.json");
    EXPECT_EQ(report_json_path("b.htm"), "b.json");
    EXPECT_EQ(report_json_path("b.json"), "b.json.json");
    EXPECT_EQ(report_json_path("b.c"), "b.c.json");
}

TEST_F(ReportFiles, AreBothWrittenAndNothingElse) {
    EXPECT_EQ(write(folder / "r.html"), "");
    EXPECT_EQ(files(), 2u);
    const StatsJson json = StatsJson::parse(content_of(folder / "r.json"));
    EXPECT_EQ(json["elements"].size(), sample_latency().elements.size());
    EXPECT_THAT(content_of(folder / "r.html"), HasSubstr("<!DOCTYPE html>"));
}

TEST_F(ReportFiles, ReplaceOlderOnes) {
    std::ofstream(folder / "r.html") << "old";
    EXPECT_EQ(write(folder / "r.html"), "");
    EXPECT_THAT(content_of(folder / "r.html"), HasSubstr("<!DOCTYPE html>"));
    EXPECT_EQ(files(), 2u);
}

TEST_F(ReportFiles, SayWhichFolderIsMissing) {
    const std::string error = write(folder / "none" / "r.html");
    EXPECT_THAT(error, HasSubstr((folder / "none" / "r.json").string()));
    EXPECT_THAT(error, HasSubstr("No such file or directory; make the folder '" +
                                 (folder / "none").string() + "' first"));
}

TEST_F(ReportFiles, AreTriedWithoutLeavingAnything) {
    EXPECT_EQ(why_no_report(folder / "r.html"), "");
    EXPECT_EQ(files(), 0u);
    std::ofstream(folder / "r.html") << "old";
    EXPECT_EQ(why_no_report(folder / "r.html"), "");
    EXPECT_EQ(content_of(folder / "r.html"), "old");
    EXPECT_EQ(files(), 1u);
}

TEST_F(ReportFiles, AreTriedWithTheComplaintsOfWriting) {
    EXPECT_THAT(why_no_report(folder / "none" / "r.html"),
                AllOf(HasSubstr((folder / "none" / "r.html").string()),
                      HasSubstr("make the folder '" + (folder / "none").string() + "' first")));
    fs::create_directory(folder / "s.json");
    EXPECT_THAT(why_no_report(folder / "s.html"), HasSubstr("s.json: it is not a regular file"));
}

TEST_F(ReportFiles, SayThatAFolderIsNotToBeWrittenTo) {
    if (::geteuid() == 0)
        GTEST_SKIP() << "root may write everywhere";
    fs::permissions(folder, fs::perms::owner_read | fs::perms::owner_exec);
    const std::string problem = why_no_report(folder / "r.html");
    fs::permissions(folder, fs::perms::owner_all);
    EXPECT_THAT(problem, HasSubstr("Permission denied; name a file in a folder"));
}

TEST_F(ReportFiles, RefuseWhatIsNotAFile) {
    ASSERT_EQ(::mkfifo((folder / "r.html").c_str(), 0600), 0);
    EXPECT_THAT(write(folder / "r.html"), HasSubstr("r.html: it is not a regular file"));
    EXPECT_TRUE(fs::is_fifo(folder / "r.html"));
    EXPECT_EQ(files(), 1u);
}

TEST_F(ReportFiles, FollowASymbolicLink) {
    fs::create_directory(folder / "there");
    fs::create_symlink(folder / "there" / "real.html", folder / "r.html");
    EXPECT_EQ(write(folder / "r.html"), "");
    EXPECT_TRUE(fs::is_symlink(folder / "r.html"));
    EXPECT_THAT(content_of(folder / "there" / "real.html"), HasSubstr("<!DOCTYPE html>"));
}

TEST_F(ReportFiles, StayAsTheyWereWhenThereIsNoRoom) {
    std::ofstream(folder / "r.html") << "old";
    std::ofstream(folder / "r.json") << "old";
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{4096, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string error = write(folder / "r.html");
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    EXPECT_THAT(error, HasSubstr("cannot write " + (folder / "r.json").string()));
    EXPECT_THAT(error, HasSubstr("File too large"));
    EXPECT_EQ(content_of(folder / "r.html"), "old");
    EXPECT_EQ(content_of(folder / "r.json"), "old");
    EXPECT_EQ(files(), 2u);
}

TEST(WriteAll, TellsOfAFullDisk) {
    const int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        GTEST_SKIP() << "there is no /dev/full here";
    EXPECT_EQ(write_all(fd, "x"), ENOSPC);
    ::close(fd);
}

} // namespace tactus::test
