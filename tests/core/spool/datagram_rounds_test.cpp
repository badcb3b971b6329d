#include "core/spool/datagram_rounds.h"

#include <arpa/inet.h>

#include <random>

#include "tests/core/spool/spool_fixture.h"

namespace sluice {
namespace {

sockaddr_in6 sender_of(uint16_t port) {
  sockaddr_in6 sender{};
  auto& address = reinterpret_cast<sockaddr_in&>(sender);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, "192.0.2.7", &address.sin_addr);
  return sender;
}

class DatagramRoundsTest : public testing::Test {
 protected:
  DatagramRoundsTest() {
    describe_slot(slot_, {.file_id = kTestFileId, .max_frame_bytes = 2000, .kind = SlotKind::datagrams}, 1, 0, {});
    rounds_ = DatagramRounds(slot_);
  }
  SlotHeader& header() { return header_of(slot_); }
  // As the kernel does.
  static void arrive(const DatagramRound& round, size_t i, std::string_view bytes, uint16_t port = 1) {
    std::memcpy(round.data(i), bytes.data(), std::min<size_t>(bytes.size(), round.shape().stride));
    *round.sender(i) = sender_of(port);
    round.headers()[i].msg_len = static_cast<unsigned>(bytes.size());
  }
  std::vector<std::string> all() {
    std::vector<std::string> texts;
    whole_ =
        for_each_datagram(header(), slot_.data(), [&](const sockaddr_in6&, uint32_t offset, uint32_t length, mmsghdr&) {
          texts.emplace_back(slot_.data() + offset, length);
        });
    return texts;
  }

  BufferPool pool_{{.max_bytes = 1 << 20}};
  Slot slot_ = pool_.acquire(SlotSize::small);
  DatagramRounds rounds_;
  bool whole_ = false;
};

TEST_F(DatagramRoundsTest, GivesWhatCameInOrderWithItsSenders) {
  const DatagramRound first = rounds_.begin(100, 3);
  arrive(first, 0, "one", 11);
  arrive(first, 1, "two", 12);
  const DatagramRound second = rounds_.begin(50, 2);
  arrive(second, 0, "three", 13);
  EXPECT_EQ(all(), (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_TRUE(whole_);
  std::vector<uint16_t> ports;
  for_each_datagram(header(), slot_.data(), [&](const sockaddr_in6& sender, uint32_t, uint32_t, mmsghdr&) {
    ports.push_back(ntohs(reinterpret_cast<const sockaddr_in&>(sender).sin_port));
  });
  EXPECT_EQ(ports, (std::vector<uint16_t>{11, 12, 13}));
}

TEST_F(DatagramRoundsTest, ARoundIsThereBeforeAnythingComes) {
  rounds_.begin(100, 3);
  EXPECT_TRUE(all().empty());
  EXPECT_TRUE(whole_);
}

TEST_F(DatagramRoundsTest, TheRoomOfACancelledRoundIsFreeAgain) {
  const size_t room = rounds_.room(100);
  const DatagramRound round = rounds_.begin(100, 3);
  EXPECT_LT(rounds_.room(100), room);
  rounds_.cancel(round);
  EXPECT_EQ(rounds_.room(100), room);
}

TEST_F(DatagramRoundsTest, ARoundOfAllTheRoomFits) {
  for (const size_t stride : {1, 7, 100, 512, 2000}) {
    const size_t count = rounds_.room(stride);
    ASSERT_GT(count, 0u) << stride;
    const DatagramRound round = rounds_.begin(stride, count);
    EXPECT_LE(rounds_.used(), slot_.size()) << stride;
    arrive(round, count - 1, std::string(stride, 'x'));
    EXPECT_EQ(all().size(), 1u);
    rounds_.cancel(round);
  }
  EXPECT_EQ(rounds_.room(slot_.size()), 0u);
}

TEST_F(DatagramRoundsTest, ACopyIsARoundOfItsOwnAndItsFirstPlaceIsPassedOver) {
  const DatagramRound round = rounds_.begin(4, 2);
  arrive(round, 0, "too long for it");
  arrive(round, 1, "next");
  EXPECT_EQ(all(), (std::vector<std::string>{"too ", "next"})) << "killed before it was copied: what lies here";
  uint32_t offset = 0;
  ASSERT_TRUE(rounds_.add_copy(*round.sender(0), "too ", "long for it", offset));
  round.headers()[0].msg_len = 0;
  EXPECT_EQ(all(), (std::vector<std::string>{"next", "too long for it"}));
  EXPECT_EQ(std::string_view(slot_.data() + offset, 15), "too long for it");
}

TEST_F(DatagramRoundsTest, ACopyThatDoesNotFitIsRefused) {
  uint32_t offset = 0;
  EXPECT_FALSE(rounds_.add_copy(sender_of(1), std::string(slot_.size(), 'x'), "", offset));
  EXPECT_EQ(rounds_.used(), 0u);
}

TEST_F(DatagramRoundsTest, RoundsThatDoNotAddUpEndTheVisit) {
  arrive(rounds_.begin(100, 1), 0, "one");
  const size_t second = rounds_.used();
  arrive(rounds_.begin(100, 1), 0, "two");
  const auto spoil = [&](uint32_t count, uint32_t stride) {
    const RoundHead head{count, stride};
    std::memcpy(slot_.data() + second, &head, sizeof head);
    EXPECT_EQ(all(), (std::vector<std::string>{"one"})) << count << " x " << stride;
    EXPECT_FALSE(whole_);
  };
  spoil(0, 100);
  spoil(2, 100);
  spoil(1, 5000);
  spoil(UINT32_MAX, UINT32_MAX);
  spoil(1, UINT32_MAX);
  spoil(UINT32_MAX, 0);
}

TEST_F(DatagramRoundsTest, AnyBytesAreVisitedWithinTheSlot) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    for (size_t at = 0; at < 512; ++at) slot_.data()[at] = static_cast<char>(random() % (i % 2 ? 256 : 3));
    header().rounds_end = static_cast<uint32_t>(random() % (i % 3 ? 600 : UINT32_MAX));
    for_each_datagram(header(), slot_.data(), [&](const sockaddr_in6&, uint32_t offset, uint32_t length, mmsghdr&) {
      ASSERT_LE(size_t{offset} + length, slot_.size());
    });
  }
}

}  // namespace
}  // namespace sluice
