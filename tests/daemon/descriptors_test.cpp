#include "daemon/descriptors.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

class DescriptorsTest : public testing::Test {
 protected:
  Config within(uint64_t limit) {
    return within_descriptors(config_, limit, [this](const std::string& text) { told_.push_back(text); });
  }
  void add(const std::string& name, Protocol protocol, uint32_t max_connections) {
    ListenerConfig& listener = config_.listeners.emplace_back();
    listener.name = name;
    listener.protocol = protocol;
    listener.max_connections = max_connections;
  }

  Config config_;
  std::vector<std::string> told_;
};

TEST_F(DescriptorsTest, WhatFitsIsLeftAlone) {
  add("a", Protocol::tcp, 1000);
  EXPECT_EQ(within(1000 + kReservedDescriptors).listeners[0].max_connections, 1000u);
  EXPECT_TRUE(told_.empty());
}

TEST_F(DescriptorsTest, WhatDoesNotFitIsSharedOutAndTold) {
  add("a", Protocol::tcp, 3000);
  add("b", Protocol::relp, 1000);
  add("c", Protocol::udp, 16384);
  const Config config = within(2000 + kReservedDescriptors);
  EXPECT_EQ(config.listeners[0].max_connections, 1500u);
  EXPECT_EQ(config.listeners[1].max_connections, 500u);
  EXPECT_EQ(config.listeners[2].max_connections, 16384u);
  ASSERT_EQ(told_.size(), 2u);
  EXPECT_EQ(told_[0],
            "listener a: max_connections is 1500 instead of 3000: the process may open 2256 files and 256 are kept for "
            "the store; raise LimitNOFILE= or ulimit -n");
}

TEST_F(DescriptorsTest, ASmallLimitIsHalvedAndEachListenerHasOne) {
  add("a", Protocol::tcp, 16384);
  add("b", Protocol::tcp, 1);
  const Config config = within(64);
  EXPECT_EQ(config.listeners[0].max_connections, 31u);
  EXPECT_EQ(config.listeners[1].max_connections, 1u);
}

TEST_F(DescriptorsTest, ThisProcessHasALimit) { EXPECT_GT(descriptor_limit(), 0u); }

}  // namespace
}  // namespace sluice
