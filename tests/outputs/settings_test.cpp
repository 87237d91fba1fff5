// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tactus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SettingsTest : public testing::Test {
  protected:
    Settings parse(std::string_view text) { return parse_settings(text, problems_); }

    std::vector<std::string> problems_;
};

TEST_F(SettingsTest, HasDefaultsForAnEmptyText) {
    const Settings settings = parse("");
    EXPECT_THAT(problems_, IsEmpty());
    EXPECT_EQ(settings.trace, "");
    EXPECT_EQ(settings.interval_ms, 0U);
    EXPECT_EQ(settings.stall_threshold_ms, 20U);
    EXPECT_FALSE(settings.wants_stall_threshold);
    EXPECT_EQ(settings.otlp_sample, 100U);
    EXPECT_TRUE(settings.records);
}

TEST_F(SettingsTest, ReadsEveryParameter) {
    const Settings settings =
        parse("trace=x.pftrace,report=y.html,metrics=127.0.0.1:9464,otlp=http://localhost:4318/v1,"
              "interval=500,stall-threshold=7,otlp-sample=3,records=false");
    EXPECT_THAT(problems_, IsEmpty());
    EXPECT_EQ(settings.trace, "x.pftrace");
    EXPECT_EQ(settings.report, "y.html");
    EXPECT_EQ(settings.metrics, "127.0.0.1:9464");
    EXPECT_EQ(settings.otlp, "http://localhost:4318/v1");
    EXPECT_EQ(settings.interval_ms, 500U);
    EXPECT_EQ(settings.stall_threshold_ms, 7U);
    EXPECT_TRUE(settings.wants_stall_threshold);
    EXPECT_EQ(settings.otlp_sample, 3U);
    EXPECT_FALSE(settings.records);
}

TEST_F(SettingsTest, TakesSpacesAndQuotes) {
    const Settings settings = parse(R"( trace = "a, b.pftrace" , , report= c.html )");
    EXPECT_THAT(problems_, IsEmpty());
    EXPECT_EQ(settings.trace, "a, b.pftrace");
    EXPECT_EQ(settings.report, "c.html");
}

TEST_F(SettingsTest, NamesAnUnknownParameterAndTheOnesThereAre) {
    const Settings settings = parse("tracee=x,report=y.html");
    EXPECT_THAT(problems_, ElementsAre(AllOf(HasSubstr("'tracee'"), HasSubstr("trace, report"))));
    EXPECT_EQ(settings.report, "y.html") << "the rest goes on";
}

TEST_F(SettingsTest, NamesAValueThatCannotBeAndWhatCould) {
    const Settings settings =
        parse("interval=soon,stall-threshold=0,otlp-sample=1000001,records=1");
    EXPECT_THAT(problems_, ElementsAre(AllOf(HasSubstr("'soon'"), HasSubstr("3600000")),
                                       AllOf(HasSubstr("'0'"), HasSubstr("from 1 to 10000")),
                                       HasSubstr("'1000001'"), HasSubstr("true or false")));
    EXPECT_EQ(settings.interval_ms, 0U);
    EXPECT_EQ(settings.stall_threshold_ms, 20U);
}

TEST_F(SettingsTest, KnowsAStallThresholdThatIsWantedFromTheDefault) {
    EXPECT_TRUE(parse("stall-threshold=20").wants_stall_threshold);
    EXPECT_FALSE(parse("interval=20").wants_stall_threshold);
    EXPECT_FALSE(parse("stall-threshold=never").wants_stall_threshold);
}

TEST_F(SettingsTest, SaysThatAValueIsMissing) {
    parse("trace,report=");
    EXPECT_THAT(problems_, ElementsAre(HasSubstr("'trace' has no value"), HasSubstr("'report'")));
}

TEST_F(SettingsTest, BearsAnyText) {
    for (const char* text :
         {"=", ",,,", "\"", "trace=\"", "=x", "\"=\"=,", "trace==", "\xff\xfe=1"})
        parse(text);
    EXPECT_FALSE(problems_.empty());
}

} // namespace
} // namespace tactus
