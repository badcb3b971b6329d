#include "core/frame/gelf_chunks.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace sluice {
namespace {

constexpr InternId kPeer = 1;

std::string chunk(char id, uint8_t number, uint8_t count, std::string_view part) {
  std::string out = "\x1e\x0f";
  out += std::string(7, '\0') + id;
  out += static_cast<char>(number);
  out += static_cast<char>(count);
  return out.append(part);
}

std::string zlib_of(const std::string& text) {
  uLongf size = compressBound(text.size());
  std::string out(size, '\0');
  EXPECT_EQ(
      compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size()),
      Z_OK);
  out.resize(size);
  return out;
}

// A document as text, or why there is none.
std::string accepted(GelfDatagrams& gelf, std::string_view datagram, Nanos now = 0, InternId peer = kPeer) {
  const auto document = gelf.accept(datagram, peer, now);
  return document ? std::string(*document) : "(" + std::string(gelf_problem_text(gelf.last_problem())) + ")";
}
constexpr const char* kWaiting = "(no problem)";

TEST(GelfDatagrams, GivesAPlainDatagramBackAsItIs) {
  GelfDatagrams gelf;
  const std::string datagram = R"({"short_message":"x"})";
  const auto document = gelf.accept(datagram, kPeer, 0);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->data(), datagram.data());
  EXPECT_FALSE(GelfDatagrams::is_encoded(datagram));
  EXPECT_EQ(gelf.stats(), (GelfDatagrams::Stats{.documents = 1}));
}

TEST(GelfDatagrams, PutsChunksTogetherInAnyOrder) {
  std::vector<int> order{0, 1, 2, 3};
  do {
    GelfDatagrams gelf;
    const char* parts[] = {"ab", "", "c", "def"};
    for (size_t i = 0; i < order.size(); ++i) {
      const auto number = static_cast<uint8_t>(order[i]);
      EXPECT_EQ(accepted(gelf, chunk('a', number, 4, parts[number])), i == 3 ? "abcdef" : kWaiting);
    }
    EXPECT_EQ(gelf.waiting(), 0u);
    EXPECT_EQ(gelf.waiting_bytes(), 0u);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(GelfDatagrams, TakesAMessageOfOneChunkAndOneOf128) {
  GelfDatagrams gelf;
  EXPECT_EQ(accepted(gelf, chunk('a', 0, 1, "x")), "x");
  for (uint8_t i = 0; i < 127; ++i) EXPECT_EQ(accepted(gelf, chunk('b', i, 128, "y")), kWaiting);
  EXPECT_EQ(accepted(gelf, chunk('b', 127, 128, "y")), std::string(128, 'y'));
  EXPECT_EQ(accepted(gelf, chunk('c', 0, 129, "z")), "(a message has more than 128 chunks)");
  EXPECT_EQ(gelf.stats(), (GelfDatagrams::Stats{.documents = 2, .chunks = 129, .malformed = 1}));
}

TEST(GelfDatagrams, KeepsMessagesOfDifferentIdsAndSendersApart) {
  GelfDatagrams gelf;
  accepted(gelf, chunk('a', 0, 2, "1"), 0, 1);
  accepted(gelf, chunk('b', 0, 2, "2"), 0, 1);
  accepted(gelf, chunk('a', 0, 2, "3"), 0, 2);
  EXPECT_EQ(accepted(gelf, chunk('a', 1, 2, "x"), 0, 2), "3x");
  EXPECT_EQ(accepted(gelf, chunk('b', 1, 2, "x"), 0, 1), "2x");
  EXPECT_EQ(accepted(gelf, chunk('a', 1, 2, "x"), 0, 1), "1x");
}

TEST(GelfDatagrams, IgnoresAChunkThatCameBefore) {
  GelfDatagrams gelf;
  accepted(gelf, chunk('a', 0, 2, "1"));
  EXPECT_EQ(accepted(gelf, chunk('a', 0, 2, "other")), kWaiting);
  EXPECT_EQ(accepted(gelf, chunk('a', 1, 2, "2")), "12");
  EXPECT_EQ(gelf.stats().duplicates, 1u);
}

TEST(GelfDatagrams, RefusesMalformedChunks) {
  GelfDatagrams gelf;
  const std::string whole = chunk('a', 0, 2, "");
  for (size_t size = 2; size < 12; ++size) {
    EXPECT_EQ(accepted(gelf, whole.substr(0, size)), "(a chunk is shorter than its header)");
  }
  EXPECT_EQ(accepted(gelf, chunk('a', 2, 2, "")), "(a chunk's number is not below the count of chunks)");
  EXPECT_EQ(accepted(gelf, chunk('a', 0, 0, "")), "(a chunk's number is not below the count of chunks)");
  EXPECT_EQ(gelf.stats(), (GelfDatagrams::Stats{.malformed = 12}));
  EXPECT_EQ(gelf.waiting(), 0u);
}

TEST(GelfDatagrams, RefusesAChunkThatDisagreesAboutTheCount) {
  GelfDatagrams gelf;
  accepted(gelf, chunk('a', 0, 2, "1"));
  EXPECT_EQ(accepted(gelf, chunk('a', 1, 3, "x")), "(chunks of one message disagree about their count)");
  EXPECT_EQ(accepted(gelf, chunk('a', 1, 2, "2")), "12");
}

TEST(GelfDatagrams, DropsAMessageWhoseTimeIsUp) {
  GelfDatagrams gelf;
  accepted(gelf, chunk('a', 0, 2, "1"), 100);
  gelf.expire(100 + 5 * kSecond - 1);
  EXPECT_EQ(gelf.waiting(), 1u);
  gelf.expire(100 + 5 * kSecond);
  EXPECT_EQ(gelf.waiting(), 0u);
  EXPECT_EQ(gelf.waiting_bytes(), 0u);
  EXPECT_EQ(gelf.stats().incomplete, 1u);
}

TEST(GelfDatagrams, LetsALateChunkBeginAnew) {
  GelfDatagrams gelf;
  accepted(gelf, chunk('a', 0, 2, "1"), 0);
  EXPECT_EQ(accepted(gelf, chunk('a', 1, 2, "2"), 6 * kSecond), kWaiting);
  EXPECT_EQ(gelf.stats().incomplete, 1u);
  EXPECT_EQ(accepted(gelf, chunk('a', 0, 2, "3"), 7 * kSecond), "32");
}

TEST(GelfDatagrams, BoundsTheMessagesThatWait) {
  GelfDatagrams gelf({.max_messages = 2});
  accepted(gelf, chunk('a', 0, 2, "1"), 0);
  accepted(gelf, chunk('b', 0, 2, "1"), kSecond);
  EXPECT_EQ(accepted(gelf, chunk('c', 0, 2, "1"), kSecond), "(too many messages wait for chunks)");
  EXPECT_EQ(accepted(gelf, chunk('a', 1, 2, "2"), kSecond), "12");
  EXPECT_EQ(accepted(gelf, chunk('c', 0, 2, "1"), kSecond), kWaiting);
  EXPECT_EQ(accepted(gelf, chunk('d', 0, 2, "1"), 6 * kSecond), kWaiting);  // the others' time is up
}

TEST(GelfDatagrams, BoundsTheMemoryOfMessagesThatWait) {
  AllocationTracker tracker;
  MemoryAccount& account = tracker.account("gelf");
  constexpr size_t kLimit = 100'000;
  {
    GelfDatagrams gelf({.max_bytes = kLimit, .account = &account});
    std::mt19937 random(5);
    const std::string part(1400, 'x');
    for (int i = 0; i < 5000; ++i) {
      accepted(gelf, chunk(static_cast<char>(random() % 100), static_cast<uint8_t>(random() % 128), 128, part));
      ASSERT_LE(gelf.waiting_bytes(), kLimit);
      ASSERT_EQ(account.current(), gelf.waiting_bytes());
    }
    EXPECT_GT(gelf.stats().incomplete, 0u);
    gelf.expire(5 * kSecond);
    EXPECT_EQ(account.current(), 0u);
    accepted(gelf, chunk('a', 0, 2, "left over"), 6 * kSecond);
    EXPECT_GT(account.current(), 0u);
  }
  EXPECT_EQ(account.current(), 0u);
}

TEST(GelfDatagrams, DropsADocumentThatGrowsOverTheLimitOnce) {
  GelfDatagrams gelf({.max_document = 5});
  accepted(gelf, chunk('a', 0, 3, "foo"));
  EXPECT_EQ(accepted(gelf, chunk('a', 1, 3, "bar")), "(a document is over the limit)");
  EXPECT_EQ(accepted(gelf, chunk('a', 2, 3, "")), kWaiting);  // nothing begins again
  EXPECT_EQ(gelf.stats(), (GelfDatagrams::Stats{.chunks = 3, .incomplete = 1}));
  accepted(gelf, chunk('b', 0, 2, "foo"));
  EXPECT_EQ(accepted(gelf, chunk('b', 1, 2, "ba")), "fooba");
}

TEST(GelfDatagrams, UndoesCompressionOfDatagramsAndOfChunkedMessages) {
  GelfDatagrams gelf({.max_document = 1000});
  const std::string text(1000, 'x');
  const std::string body = zlib_of(text);
  EXPECT_TRUE(GelfDatagrams::is_encoded(body));
  EXPECT_EQ(accepted(gelf, body), text);
  accepted(gelf, chunk('a', 1, 2, body.substr(5)));
  EXPECT_EQ(accepted(gelf, chunk('a', 0, 2, body.substr(0, 5))), text);
  EXPECT_EQ(accepted(gelf, zlib_of(text + "x")), "(a document is over the limit)");
  EXPECT_EQ(accepted(gelf, body.substr(0, 5)), "(a compressed document does not decompress)");
  EXPECT_EQ(gelf.stats(), (GelfDatagrams::Stats{.documents = 2, .chunks = 2, .malformed = 2}));
}

TEST(GelfDatagrams, GivesNothingForEmptyDatagrams) {
  GelfDatagrams gelf;
  EXPECT_EQ(accepted(gelf, ""), kWaiting);
  EXPECT_EQ(accepted(gelf, zlib_of("")), kWaiting);
  EXPECT_EQ(accepted(gelf, chunk('a', 0, 1, "")), kWaiting);
  EXPECT_EQ(gelf.stats(), (GelfDatagrams::Stats{.chunks = 1}));
}

}  // namespace
}  // namespace sluice
