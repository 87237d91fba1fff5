// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/cache_file.h"

#include "../support/scratch_folder.h"

#include <gtest/gtest.h>
#include <span>
#include <string>
#include <vector>

namespace tactus {

namespace {

std::vector<std::byte> bytes_of(const std::string& text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

class CacheFileTest : public testing::Test {
  protected:
    ScratchFolder folder_;
    CacheFile file_{folder_ / "cache.bin", "device 1"};
};

TEST_F(CacheFileTest, GivesBackWhatWasStored) {
    EXPECT_EQ(file_.store(bytes_of("compiled")), "");
    EXPECT_EQ(file_.load(), bytes_of("compiled"));
    EXPECT_EQ(file_.store({}), "");
    EXPECT_EQ(file_.load(), bytes_of(""));
}

TEST_F(CacheFileTest, HasNothingBeforeAnythingIsStored) {
    EXPECT_EQ(file_.load(), std::nullopt);
}

TEST_F(CacheFileTest, LeavesOneFileBehind) {
    EXPECT_EQ(file_.store(bytes_of("old")), "");
    EXPECT_EQ(file_.store(bytes_of("new")), "");
    EXPECT_EQ(folder_.file_count(), 1U);
    EXPECT_EQ(file_.load(), bytes_of("new"));
}

TEST_F(CacheFileTest, IgnoresTheFileOfAnotherDevice) {
    EXPECT_EQ(file_.store(bytes_of("compiled")), "");
    EXPECT_EQ(CacheFile(folder_ / "cache.bin", "device 2").load(), std::nullopt);
}

TEST_F(CacheFileTest, IgnoresWhatIsNotOurs) {
    for (const char* text : {"", "x", "something else that is longer than any header we write"}) {
        folder_.write("cache.bin", text);
        EXPECT_EQ(file_.load(), std::nullopt) << text;
    }
}

TEST_F(CacheFileTest, IgnoresAFileThatIsCutOrHasAFlippedBitAnywhere) {
    EXPECT_EQ(file_.store(bytes_of("compiled")), "");
    const std::string whole = folder_.read("cache.bin");
    for (std::size_t i = 0; i < whole.size(); ++i) {
        folder_.write("cache.bin", whole.substr(0, i));
        EXPECT_EQ(file_.load(), std::nullopt) << "cut at " << i;
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        folder_.write("cache.bin", damaged);
        EXPECT_EQ(file_.load(), std::nullopt) << "damaged at " << i;
    }
    folder_.write("cache.bin", whole + "x");
    EXPECT_EQ(file_.load(), std::nullopt) << "something behind it";
}

TEST_F(CacheFileTest, MakesItsFolders) {
    const CacheFile deep(folder_ / "a/b/cache.bin", "key");
    EXPECT_EQ(deep.store(bytes_of("compiled")), "");
    EXPECT_EQ(deep.load(), bytes_of("compiled"));
}

TEST_F(CacheFileTest, SaysWhichFileCannotBeWritten) {
    folder_.write("file", "");
    const CacheFile beneath(folder_ / "file/cache.bin", "key");
    EXPECT_NE(beneath.store(bytes_of("x")).find(folder_ / "file"), std::string::npos);
}

TEST(CacheFolder, FollowsTheXdgSpecification) {
    EXPECT_EQ(cache_folder("/var/cache/me", "/home/me"), "/var/cache/me/gst-tactus");
    EXPECT_EQ(cache_folder(nullptr, "/home/me"), "/home/me/.cache/gst-tactus");
    EXPECT_EQ(cache_folder("relative", "/home/me"), "/home/me/.cache/gst-tactus");
    EXPECT_EQ(cache_folder("", nullptr), "");
}

} // namespace

} // namespace tactus
