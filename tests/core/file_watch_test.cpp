// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/file_watch.h"

#include "../support/scratch_folder.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <string>

namespace tactus {

namespace {

class FileWatchTest : public testing::Test {
  protected:
    FileWatchTest() {
        folder_.write("edge.comp", "old");
        watch_ = FileWatch::create({folder_ / "edge.comp"}, error_);
    }

    bool is_readable() const {
        pollfd poller{watch_->fd(), POLLIN, 0};
        return poll(&poller, 1, 0) == 1;
    }

    ScratchFolder folder_;
    std::string error_;
    std::unique_ptr<FileWatch> watch_;
};

TEST_F(FileWatchTest, SeesThatAFileWasWritten) {
    ASSERT_NE(watch_, nullptr) << error_;
    EXPECT_FALSE(watch_->take_changes());
    folder_.write("edge.comp", "new");
    EXPECT_TRUE(is_readable());
    EXPECT_TRUE(watch_->take_changes());
    EXPECT_FALSE(is_readable());
    EXPECT_FALSE(watch_->take_changes()) << "each change is told once";
}

TEST_F(FileWatchTest, SeesThatAnotherFileTookItsPlace) {
    folder_.replace("edge.comp", "new");
    EXPECT_TRUE(watch_->take_changes());
    folder_.replace("edge.comp", "newer");
    EXPECT_TRUE(watch_->take_changes()) << "the file that is watched now is another one";
}

TEST_F(FileWatchTest, IgnoresOtherFilesOfTheFolder) {
    folder_.write("edge.comp~", "backup");
    EXPECT_FALSE(watch_->take_changes());
}

TEST_F(FileWatchTest, SeesAFileComeBackThatWasRemoved) {
    std::filesystem::remove(folder_ / "edge.comp");
    EXPECT_FALSE(watch_->take_changes());
    folder_.write("edge.comp", "new");
    EXPECT_TRUE(watch_->take_changes());
}

TEST_F(FileWatchTest, NamesAFolderThatIsNotThereAndWatchesTheOthers) {
    std::string error;
    const auto watch = FileWatch::create({"/no/such/folder/a.comp", folder_ / "edge.comp"}, error);
    ASSERT_NE(watch, nullptr);
    EXPECT_NE(error.find("/no/such/folder"), std::string::npos) << error;
    folder_.write("edge.comp", "new");
    EXPECT_TRUE(watch->take_changes());
}

} // namespace

} // namespace tactus
