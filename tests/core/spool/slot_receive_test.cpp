#include "core/spool/slot_receive.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/core/spool/spool_fixture.h"

namespace sluice {
namespace {

class Sockets {
 public:
  Sockets() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0); }
  ~Sockets() {
    for (int i = 0; i < 2; ++i) close_end(i);
  }
  int here() const { return ends_[0]; }
  int there() const { return ends_[1]; }
  void close_end(int i) {
    if (ends_[i] >= 0) close(ends_[i]);
    ends_[i] = -1;
  }

 private:
  int ends_[2] = {-1, -1};
};

class SlotReceiveTest : public testing::Test {
 protected:
  void send(std::string_view bytes) {
    ASSERT_EQ(write(sockets_.there(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  ssize_t receive(size_t room) { return receive_into_slot(sockets_.here(), slot_, room); }

  Sockets sockets_;
  BufferPool pool_{{.max_bytes = 1 << 20}};
  Slot slot_ = pool_.acquire(SlotSize::small);
};

TEST_F(SlotReceiveTest, TheKernelWritesTheLengthIntoTheHeader) {
  describe_slot(slot_, {}, 1, 0, {}, {.bytes = 5});
  std::memcpy(slot_.data(), "tail ", 5);
  send("and the rest");
  EXPECT_EQ(receive(100), 12);
  EXPECT_EQ(header_of(slot_).message.msg_len, 12u);
  EXPECT_EQ(std::string_view(slot_.data(), header_of(slot_).stream_bytes()), "tail and the rest");
}

TEST_F(SlotReceiveTest, NoMoreIsReceivedThanThereIsRoomFor) {
  describe_slot(slot_, {}, 1, 0, {});
  send("0123456789");
  EXPECT_EQ(receive(4), 4);
  EXPECT_EQ(std::string_view(slot_.data(), 4), "0123");
}

TEST_F(SlotReceiveTest, SaysTheEndAndThatNothingIsThere) {
  describe_slot(slot_, {}, 1, 0, {});
  EXPECT_EQ(receive(100), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(header_of(slot_).message.msg_len, 0u);
  sockets_.close_end(1);
  EXPECT_EQ(receive(100), 0);
}

TEST_F(SlotReceiveTest, ByWayOfTheFileTheSameIsInTheSlot) {
  PowerCutSpool file(Spool::file_bytes(kSmallestRegion));
  auto spool = Spool::open(file.open(), {});
  ASSERT_TRUE(spool);
  Slot slot = (*spool)->pool().acquire(SlotSize::small);
  describe_slot(slot, {}, 1, 0, {}, {.bytes = 5});
  std::memcpy(slot.data(), "tail ", 5);
  char buffer[8];
  send("and the rest");
  EXPECT_EQ(receive_through_file(sockets_.here(), slot, **spool, buffer), 8) << "what the buffer holds";
  EXPECT_EQ(header_of(slot).message.msg_len, 8u);
  EXPECT_EQ(std::string_view(slot.data(), header_of(slot).stream_bytes()), "tail and the ");
  EXPECT_EQ(receive_through_file(sockets_.here(), slot, **spool, buffer), 4);
  EXPECT_EQ(receive_through_file(sockets_.here(), slot, **spool, buffer), -1);
  EXPECT_EQ(errno, EAGAIN);
  sockets_.close_end(1);
  EXPECT_EQ(receive_through_file(sockets_.here(), slot, **spool, buffer), 0);
}

// A child reads slot by slot into a shared file while the parent sends, and is killed somewhere: the file has exactly the
// bytes that left the socket.
TEST(SlotReceiveKillTest, AKilledReaderLeavesExactlyWhatLeftTheSocket) {
  std::string sent;
  while (sent.size() < (8 << 20)) sent += std::to_string(sent.size()) + " ";
  for (int round = 0; round < 10; ++round) {
    PowerCutSpool file(Spool::file_bytes(8 * kSmallestRegion));
    auto spool = Spool::open(file.open(), {.boot_id = "boot", .new_file_id = kTestFileId});
    ASSERT_TRUE(spool);
    Sockets sockets;
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::vector<Slot> slots;
      for (uint64_t sequence = 1;;) {
        Slot slot = (*spool)->pool().acquire(SlotSize::small, BufferPool::Reserve::use);
        if (!slot) pause();
        describe_slot(slot, {.file_id = kTestFileId}, sequence++, 0, {});
        while (receive_into_slot(sockets.here(), slot, slot.size()) < 0) {
        }
        slots.push_back(std::move(slot));
      }
    }
    // Somewhere in the stream, with the child right behind or in the middle of a call.
    size_t written = 0;
    const size_t until = 1000 + static_cast<size_t>(round) * 197'000;
    while (written < until) {
      const ssize_t n = write(sockets.there(), sent.data() + written, std::min<size_t>(3000, until - written));
      ASSERT_GT(n, 0);
      written += static_cast<size_t>(n);
    }
    kill(child, SIGKILL);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    int left = 0;
    ASSERT_EQ(ioctl(sockets.here(), FIONREAD, &left), 0);
    spool->reset();

    auto next = Spool::open(file.open(), {.boot_id = "boot"});
    ASSERT_TRUE(next);
    std::string received;
    for (const Slot& slot : (*next)->take_found()) received.append(slot.data(), header_of(slot).stream_bytes());
    ASSERT_EQ(received.size(), written - static_cast<size_t>(left)) << "round " << round;
    ASSERT_TRUE(sent.starts_with(received)) << "round " << round;
  }
}

}  // namespace
}  // namespace sluice
