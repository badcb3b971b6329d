#include "daemon/service/sd_notify.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace sluice {
namespace {

using namespace std::chrono_literals;

// Listens where a service manager would.
class Manager {
 public:
  explicit Manager(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    const bool abstract = name[0] == '@';
    if (abstract) address.sun_path[0] = '\0';
    const auto length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1));
    bound_ = ::bind(fd_, reinterpret_cast<sockaddr*>(&address), length) == 0;
  }
  ~Manager() { ::close(fd_); }
  bool bound() const { return bound_; }
  // The next datagram, or "" when there is none.
  std::string read() const {
    char buffer[1024];
    const ssize_t size = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    return size < 0 ? "" : std::string(buffer, static_cast<size_t>(size));
  }

 private:
  int fd_;
  bool bound_ = false;
};

std::string own_name(const char* what) { return "@sluice_" + std::string(what) + std::to_string(getpid()); }

TEST(Notifier, SaysEachStateAsTheProtocolWritesIt) {
  const Manager manager(own_name("states"));
  ASSERT_TRUE(manager.bound());
  const Notifier notifier(own_name("states"));
  EXPECT_TRUE(notifier.enabled());
  notifier.ready("2 listeners");
  EXPECT_EQ(manager.read(), "READY=1\nSTATUS=2 listeners");
  notifier.status("12 lines/s");
  EXPECT_EQ(manager.read(), "STATUS=12 lines/s");
  notifier.watchdog();
  EXPECT_EQ(manager.read(), "WATCHDOG=1");
  notifier.extend_timeout(10s);
  EXPECT_EQ(manager.read(), "EXTEND_TIMEOUT_USEC=10000000");
  notifier.stopping("draining");
  EXPECT_EQ(manager.read(), "STOPPING=1\nSTATUS=draining");
}

TEST(Notifier, ReachesASocketInTheFileSystem) {
  char directory[] = "/tmp/sluice_notify_XXXXXX";
  ASSERT_NE(mkdtemp(directory), nullptr);
  const std::string path = std::string(directory) + "/notify";
  {
    const Manager manager(path);
    ASSERT_TRUE(manager.bound());
    Notifier(path).watchdog();
    EXPECT_EQ(manager.read(), "WATCHDOG=1");
  }
  unlink(path.c_str());
  rmdir(directory);
}

// It would hang here for ever.
TEST(Notifier, DoesNotWaitForAManagerThatDoesNotRead) {
  const Manager manager(own_name("frozen"));
  ASSERT_TRUE(manager.bound());
  const Notifier notifier(own_name("frozen"));
  for (int i = 0; i < 10'000; ++i) {
    notifier.status("12 lines/s");
    notifier.watchdog();
  }
  EXPECT_EQ(manager.read(), "STATUS=12 lines/s");
}

TEST(Notifier, KeepsAStatusOnOneLineSoThatItCannotForgeAnotherVariable) {
  const Manager manager(own_name("line"));
  Notifier(own_name("line")).status("disk full\nMAINPID=1");
  EXPECT_EQ(manager.read(), "STATUS=disk full MAINPID=1");
}

TEST(Notifier, DoesNothingWithoutAManager) {
  const Notifier none;
  EXPECT_FALSE(none.enabled());
  none.ready("nobody hears");
  EXPECT_FALSE(Notifier("").enabled());
  EXPECT_FALSE(Notifier("relative/path").enabled());
  EXPECT_FALSE(Notifier("@").enabled());
}

TEST(Notifier, TakesNamesUpToTheLengthOfASocketAddress) {
  const size_t room = sizeof(sockaddr_un{}.sun_path);
  EXPECT_TRUE(Notifier("/" + std::string(room - 2, 'a')).enabled());
  EXPECT_FALSE(Notifier("/" + std::string(room - 1, 'a')).enabled());
}

TEST(Notifier, SurvivesAManagerThatIsGone) {
  {
    const Manager manager(own_name("gone"));
  }
  const Notifier notifier(own_name("gone"));
  notifier.watchdog();
  EXPECT_TRUE(notifier.enabled());
}

class NotifierEnvironment : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
  std::chrono::microseconds interval(const char* usec, const std::string& pid) {
    setenv("NOTIFY_SOCKET", "@sluice_nobody", 1);
    setenv("WATCHDOG_USEC", usec, 1);
    pid.empty() ? unsetenv("WATCHDOG_PID") : setenv("WATCHDOG_PID", pid.c_str(), 1);
    return Notifier::from_environment().watchdog_interval();
  }
};

TEST_F(NotifierEnvironment, FeedsTheWatchdogTwiceAsOftenAsItMust) {
  EXPECT_EQ(interval("30000000", std::to_string(getpid())), 15s);
  EXPECT_EQ(interval("30000000", ""), 15s);
}

TEST_F(NotifierEnvironment, LeavesAWatchdogAloneThatIsNotForThisProcess) {
  EXPECT_EQ(interval("30000000", std::to_string(getpid() + 1)), 0us);
  EXPECT_EQ(interval("30000000", "nonsense"), 0us);
}

TEST_F(NotifierEnvironment, TakesABadWatchdogForNone) {
  EXPECT_EQ(interval("", ""), 0us);
  EXPECT_EQ(interval("-5", ""), 0us);
  EXPECT_EQ(interval("99999999999999999999", ""), 0us);
  EXPECT_EQ(interval("18446744073709551615", ""), 500h);
}

TEST_F(NotifierEnvironment, IsRemovedSoThatNoChildAnswersForTheDaemon) {
  interval("30000000", std::to_string(getpid()));
  EXPECT_EQ(getenv("NOTIFY_SOCKET"), nullptr);
  EXPECT_EQ(getenv("WATCHDOG_USEC"), nullptr);
  EXPECT_EQ(getenv("WATCHDOG_PID"), nullptr);
}

TEST_F(NotifierEnvironment, WithoutASocketThereIsNoWatchdogEither) {
  setenv("WATCHDOG_USEC", "30000000", 1);
  const Notifier notifier = Notifier::from_environment();
  EXPECT_FALSE(notifier.enabled());
  EXPECT_EQ(notifier.watchdog_interval(), 0us);
}

}  // namespace
}  // namespace sluice
