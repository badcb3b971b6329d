#include "core/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "tests/support/temp_directory.h"

namespace sluice {
namespace {

class RealFileSystemTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }

  std::unique_ptr<File> create(const std::string& name) {
    auto file = fs_.create(path(name));
    EXPECT_TRUE(file) << file.error().message;
    return std::move(*file);
  }
  static std::string read(const File& file, uint64_t offset, size_t size) {
    std::string bytes(size, '?');
    auto n = file.read_at(offset, bytes.data(), size);
    EXPECT_TRUE(n);
    bytes.resize(*n);
    return bytes;
  }

  TempDirectory directory_;
  FileSystem& fs_ = real_file_system();
};

TEST_F(RealFileSystemTest, WhatWasAppendedIsRead) {
  auto file = create("a");
  ASSERT_TRUE(file->append("hello "));
  ASSERT_TRUE(file->append("world"));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(*file->size(), 11u);
  EXPECT_EQ(read(*file, 0, 100), "hello world");
  EXPECT_EQ(read(*file, 6, 5), "world");
  EXPECT_EQ(read(*file, 11, 5), "");
}

TEST_F(RealFileSystemTest, AnAppendAfterATruncateGoesToTheNewEnd) {
  auto file = create("a");
  ASSERT_TRUE(file->append("hello world"));
  ASSERT_TRUE(file->truncate(5));
  ASSERT_TRUE(file->append("!"));
  EXPECT_EQ(read(*file, 0, 100), "hello!");
}

TEST_F(RealFileSystemTest, WhatIsWrittenAgainStandsWhereItStoodAndAppendsGoOnAtTheEnd) {
  auto file = create("a");
  ASSERT_TRUE(file->append("hello world"));
  ASSERT_TRUE(file->write_again(6, "World"));
  ASSERT_TRUE(file->write_again(0, "H"));
  EXPECT_EQ(*file->size(), 11u);
  ASSERT_TRUE(file->append("!"));
  EXPECT_EQ(read(*file, 0, 100), "Hello World!");
}

TEST_F(RealFileSystemTest, CreateDoesNotTouchAnExistingFile) {
  ASSERT_TRUE(create("a")->append("kept"));
  auto again = fs_.create(path("a"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().sys, EEXIST);
  EXPECT_EQ(again.error().message, "create " + path("a") + ": File exists");
  EXPECT_EQ(read(**fs_.open_read(path("a")), 0, 100), "kept");
}

TEST_F(RealFileSystemTest, OpenAppendGoesOnAtTheEnd) {
  ASSERT_TRUE(create("a")->append("one"));
  auto file = fs_.open_append(path("a"));
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append("two"));
  EXPECT_EQ(read(**file, 0, 100), "onetwo");
}

TEST_F(RealFileSystemTest, AnErrorNamesTheCallAndThePath) {
  EXPECT_EQ(fs_.open_read(path("no")).error().message, "open " + path("no") + ": No such file or directory");
  EXPECT_EQ(fs_.open_append(path("no")).error().sys, ENOENT);
  EXPECT_EQ(fs_.list(path("no")).error().message, "open directory " + path("no") + ": No such file or directory");
  EXPECT_EQ(fs_.remove(path("no")).error().message, "remove " + path("no") + ": No such file or directory");
  EXPECT_EQ(fs_.rename(path("no"), path("x")).error().message,
            "rename " + path("no") + " to " + path("x") + ": No such file or directory");
  EXPECT_EQ(fs_.sync_directory(path("no")).error().sys, ENOENT);
  ASSERT_TRUE(create("a")->append("x"));
  auto unwritable = (*fs_.open_read(path("a")))->append("y");
  ASSERT_FALSE(unwritable);
  EXPECT_EQ(unwritable.error().message, "write " + path("a") + ": Bad file descriptor");
}

TEST_F(RealFileSystemTest, ListGivesSortedNames) {
  create("b");
  create("a");
  create("c");
  EXPECT_EQ(*fs_.list(directory_.path()), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(RealFileSystemTest, RenameAndRemoveDoWhatTheySay) {
  create("a");
  ASSERT_TRUE(fs_.rename(path("a"), path("b")));
  EXPECT_EQ(*fs_.list(directory_.path()), std::vector<std::string>{"b"});
  ASSERT_TRUE(fs_.remove(path("b")));
  EXPECT_TRUE(fs_.list(directory_.path())->empty());
  EXPECT_TRUE(fs_.sync_directory(directory_.path()));
}

TEST_F(RealFileSystemTest, DirectoriesAreMadeWithTheirParentsAndMayExist) {
  ASSERT_TRUE(fs_.make_directory(path("x/y/z")));
  ASSERT_TRUE(fs_.make_directory(path("x/y/z")));
  ASSERT_TRUE(fs_.make_directory(path("x/y/w/")));
  EXPECT_EQ(*fs_.list(path("x/y")), (std::vector<std::string>{"w", "z"}));
}

TEST_F(RealFileSystemTest, AFileInTheWayOfADirectoryIsSaid) {
  create("a");
  auto made = fs_.make_directory(path("a/b"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "create directory " + path("a") + ": Not a directory");
}

TEST_F(RealFileSystemTest, ALockHasOneHolder) {
  auto lock = fs_.lock(path("lock"));
  ASSERT_TRUE(lock);
  auto second = fs_.lock(path("lock"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().sys, EWOULDBLOCK);
  lock->reset();
  EXPECT_TRUE(fs_.lock(path("lock")));
}

TEST_F(RealFileSystemTest, ALockGoesWithItsProcess) {
  const pid_t child = fork();
  if (child == 0) {
    auto lock = fs_.lock(path("lock"));
    _exit(lock ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(fs_.lock(path("lock")));
}

TEST_F(RealFileSystemTest, FilesAreNotForEverybody) {
  const mode_t mask = umask(0);
  create("a");
  umask(mask);
  struct stat status{};
  ASSERT_EQ(stat(path("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST_F(RealFileSystemTest, AChildProcessInheritsNoFile) {
  auto file = create("a");
  auto lock = fs_.lock(path("lock"));
  for (int fd = 3; fd < 256; ++fd) {
    char link[4096];
    const std::string name = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t n = readlink(name.c_str(), link, sizeof link);
    if (n < 0 || !std::string_view(link, static_cast<size_t>(n)).starts_with(directory_.path())) continue;
    EXPECT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC) << std::string_view(link, static_cast<size_t>(n));
  }
}

TEST_F(RealFileSystemTest, AWriteThatStopsInTheMiddleIsAnErrorAndCanBeTakenBack) {
  // A limit on the file's size cuts a write short, as a full disk does. In a child: the limit is the process's.
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    auto file = fs_.create(path("a"));
    const rlimit limit{10, 10};
    if (!file || setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(1);
    if (!(*file)->append("whole")) _exit(2);
    auto cut = (*file)->append("too long a text");
    if (cut || cut.error().sys != EFBIG) _exit(3);
    if (*(*file)->size() != 10) _exit(4);
    if (!(*file)->truncate(5) || !(*file)->append("fits!")) _exit(5);
    _exit(0);
  }
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(read(**fs_.open_read(path("a")), 0, 100), "wholefits!");
}

}  // namespace
}  // namespace sluice
