// Texts as templates come back byte for byte; bytes that no writer made are refused.
#include "core/record/template_column.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace sluice {
namespace {

class TemplateColumnTest : public testing::Test {
 protected:
  using Texts = std::vector<std::string>;

  // Texts stand one behind the other, as in an open block.
  bool add(const Texts& texts) {
    source_.clear();
    for (const std::string& text : texts) source_ += text;
    source_.append(kTextSlack, 'x');
    writer_.begin(texts.size());
    const char* at = source_.data();
    for (const std::string& text : texts) {
      if (!writer_.add({at, text.size()})) return false;
      at += text.size();
    }
    return true;
  }
  std::string write(const Texts& texts, int level = 1) {
    EXPECT_TRUE(add(texts));
    Compressor compressor(level);
    Buffer out;
    writer_.finish(compressor, scratch_, out);
    return std::string(out.view());
  }
  size_t bytes_of(const Texts& texts) {
    size_t bytes = texts.size();
    for (const std::string& text : texts) bytes += text.size();
    return bytes;
  }
  // As lines are received, and as they are packed.
  void expect_same(const Texts& texts) {
    for (const int level : {1, 9}) expect_same(texts, level);
  }
  void expect_same(const Texts& texts, int level) {
    const std::string stored = write(texts, level);
    ASSERT_EQ(writer_.text_bytes(), bytes_of(texts));
    std::string read;
    std::vector<uint32_t> begins;
    ASSERT_TRUE(reader_.read({stored, texts.size(), bytes_of(texts)}, read, begins));
    ASSERT_EQ(begins.size(), texts.size() + 1);
    for (size_t row = 0; row < texts.size(); ++row) {
      ASSERT_EQ(read.substr(begins[row], begins[row + 1] - begins[row]), texts[row] + "\n") << row;
    }
  }
  std::string random_piece() {
    static const Texts pieces{"session ", "closed", "10.0.0.", "blk_-", ":", "0x",  "ab",   "u",
                              "ms ",      "\n",     "",        " ",     "F", "ffe", "\x01", "e\xc3\xa9"};
    char digits[24];
    switch (random_() % 6) {
      case 0:
        return std::to_string(random_() % 100);
      case 1:
        std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(random_()));
        return digits;
      case 2:
        std::snprintf(digits, sizeof digits, "%0*llX", static_cast<int>(random_() % 18),
                      static_cast<unsigned long long>(random_()) << random_() % 30);
        return digits;
      case 3:
        return std::string(random_() % 3, '0') +
               std::to_string(static_cast<uint64_t>(random_()) * random_() >> random_() % 60);
      default:
        return pieces[random_() % pieces.size()];
    }
  }

  std::mt19937 random_{7};
  std::string source_;
  TemplateColumnWriter writer_;
  TemplateColumnReader reader_;
  IntegerScratch scratch_;
};

TEST_F(TemplateColumnTest, RandomTextsComeBack) {
  for (int round = 0; round < 200; ++round) {
    Texts texts;
    for (size_t rows = random_() % 400; rows > 0; --rows) {
      std::string text;
      for (size_t pieces = random_() % 8; pieces > 0; --pieces) text += random_piece();
      texts.push_back(text);
    }
    ASSERT_NO_FATAL_FAILURE(expect_same(texts)) << "round " << round;
  }
}

TEST_F(TemplateColumnTest, OnlyTheTextsOfWantedTemplatesAreDecodedAndThoseWithStrings) {
  Texts texts;
  for (int i = 0; i < 300; ++i) {
    texts.push_back((i % 3 == 0 ? "session " : i % 3 == 1 ? "request " : "x1y2 ") + std::to_string(i));
  }
  const std::string stored = write(texts);
  std::string read;
  std::vector<uint32_t> begins;
  const auto text = [&](size_t row) { return read.substr(begins[row], begins[row + 1] - begins[row] - 1); };
  const auto holds = [](std::string_view wanted) {
    return [wanted](std::string_view t) { return t.find(wanted) != std::string_view::npos; };
  };
  ASSERT_TRUE(reader_.read_wanted({stored, texts.size(), bytes_of(texts)}, holds("session"), read, begins));
  for (size_t row = 0; row < texts.size(); ++row) EXPECT_EQ(text(row), row % 3 == 1 ? "" : texts[row]);

  for (std::string& t : texts) t = "nothing " + t.substr(t.find(' ') + 1);
  const std::string plain = write(texts);
  ASSERT_TRUE(reader_.read_wanted({plain, texts.size(), bytes_of(texts)}, holds("session"), read, begins));
  for (size_t row = 0; row < texts.size(); ++row) EXPECT_EQ(text(row), "");
}

TEST_F(TemplateColumnTest, NoTextsAndEmptyTextsComeBack) {
  expect_same({});
  expect_same({""});
  expect_same(Texts(1000, ""));
}

TEST_F(TemplateColumnTest, TextsOfAllBytesComeBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  expect_same({all, all + "1", "1" + all, std::string(1, '\x01')});
}

TEST_F(TemplateColumnTest, ATextThatComesTwiceAtOnceIsCountedTwice) {
  expect_same({"a", "a", "a 1", "a 1", "a", "a", std::string(1, '\x01'), std::string(1, '\x01'), "a"});
}

TEST_F(TemplateColumnTest, LinesOfAProgramTakeFewBytesEach) {
  Texts texts;
  for (int i = 0; i < 5000; ++i) {
    texts.push_back("Accepted publickey for deploy from 10.1." + std::to_string(random_() % 256) + ".7 port " +
                    std::to_string(10000 + random_() % 50000) + " ssh2");
  }
  EXPECT_LT(write(texts).size(), 5000 * 35 / 10) << "8 bits and 15.6 are random: 2.95 bytes a line";
  expect_same(texts);
}

TEST_F(TemplateColumnTest, CountersTakeNextToNothingWherePackingHasTime) {
  Texts texts;
  for (uint64_t i = 0; i < 5000; ++i) {
    texts.push_back("request " + std::to_string(9'999'000 + i * 3) + " done, " +
                    std::to_string(9'000'000'000'000'000'000 - i) + (i % 9 == 0 ? " x1y2" : ""));
  }
  EXPECT_LT(write(texts, 9).size(), 5000 / 8);
  expect_same(texts);
}

TEST_F(TemplateColumnTest, TextsThatAreAllDifferentAreGivenUpSoon) {
  Texts texts;
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (int k = 0; k < 12; ++k) text += static_cast<char>('a' + random_() % 26);
    texts.push_back(text);
  }
  EXPECT_FALSE(add(texts));
  texts.resize(100);
  EXPECT_TRUE(add(texts)) << "too few to tell while they come";
  EXPECT_FALSE(writer_.worthwhile());
}

TEST_F(TemplateColumnTest, MoreVariablesThanAReaderTakesAreGivenUp) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "1 ";
  EXPECT_FALSE(add(Texts(kMostVariables / 2000 + 1, text)));
}

TEST_F(TemplateColumnTest, ADamagedColumnIsRefusedOrGivesOtherTexts) {
  Texts texts;
  for (int i = 0; i < 80; ++i) {
    texts.push_back("session " + std::to_string(i) + " of u" + std::to_string(random_() % 1000) +
                    (i % 3 == 0 ? " x1y2" : "") + (i % 7 == 0 ? " ab12" : ""));
  }
  const std::string stored = write(texts, 9);  // with differences
  const size_t bytes = bytes_of(texts);
  std::string read;
  std::vector<uint32_t> begins;
  for (size_t at = 0; at < stored.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = stored;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      if (!reader_.read({damaged, texts.size(), bytes}, read, begins)) continue;
      ASSERT_EQ(begins.back(), bytes);
    }
    EXPECT_FALSE(reader_.read({std::string_view(stored).substr(0, at), texts.size(), bytes}, read, begins)) << at;
  }
  EXPECT_FALSE(reader_.read({stored + "x", texts.size(), bytes}, read, begins));
  EXPECT_FALSE(reader_.read({stored, texts.size() + 1, bytes}, read, begins));
  EXPECT_FALSE(reader_.read({stored, texts.size(), bytes + 1}, read, begins));
  EXPECT_FALSE(reader_.read({stored, texts.size(), bytes - 1}, read, begins));
}

}  // namespace
}  // namespace sluice
