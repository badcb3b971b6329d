#include "daemon/net/ack_mailbox.h"

#include <boost/asio/post.hpp>

namespace sluice {

std::shared_ptr<AckMailbox> AckMailbox::make(boost::asio::io_context& io, Deliver deliver) {
  return std::shared_ptr<AckMailbox>(new AckMailbox(io, std::move(deliver)));
}

AckMailbox::AckMailbox(boost::asio::io_context& io, Deliver deliver) : deliver_(std::move(deliver)), io_(&io) {}

void AckMailbox::on_ack(uint64_t token, bool safe) {
  MutexLock lock(mutex_);
  if (io_ == nullptr) return;
  waiting_.push_back({token, safe});
  // Under the lock, so that the io_context is not gone meanwhile. One delivery takes all that have come until then.
  if (waiting_.size() == 1) boost::asio::post(*io_, [self = shared_from_this()] { self->deliver(); });
}

void AckMailbox::deliver() {
  delivered_.clear();
  {
    MutexLock lock(mutex_);
    std::swap(delivered_, waiting_);
  }
  if (deliver_ && !delivered_.empty()) deliver_(delivered_);
}

void AckMailbox::close() {
  deliver_ = nullptr;
  MutexLock lock(mutex_);
  io_ = nullptr;
  waiting_.clear();
}

}  // namespace sluice
