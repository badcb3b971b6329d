#include "core/frame/gelf_chunks.h"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>
#include <vector>

#include "core/base/hash.h"

namespace sluice {
namespace {

constexpr std::string_view kChunkMagic = "\x1e\x0f";
constexpr size_t kChunkHeader = 12;  // magic 2, id 8, number 1, count 1
constexpr uint8_t kMaxChunks = 128;

struct MessageKey {
  std::array<char, 8> id{};
  InternId peer = kNotInterned;
  friend bool operator==(const MessageKey&, const MessageKey&) = default;
};

struct MessageKeyHash {
  size_t operator()(const MessageKey& key) const {
    return hash64({key.id.data(), key.id.size()}, process_seed() ^ key.peer);
  }
};

}  // namespace

std::string_view gelf_problem_text(GelfProblem problem) {
  switch (problem) {
    case GelfProblem::none:
      return "no problem";
    case GelfProblem::header_cut_short:
      return "a chunk is shorter than its header";
    case GelfProblem::bad_sequence:
      return "a chunk's number is not below the count of chunks";
    case GelfProblem::too_many_chunks:
      return "a message has more than 128 chunks";
    case GelfProblem::count_mismatch:
      return "chunks of one message disagree about their count";
    case GelfProblem::too_long:
      return "a document is over the limit";
    case GelfProblem::no_room:
      return "too many messages wait for chunks";
    case GelfProblem::corrupt:
      return "a compressed document does not decompress";
  }
  return "unknown GELF problem";
}

struct GelfDatagrams::Chunk {
  MessageKey key;
  uint8_t number = 0;
  uint8_t count = 0;
  std::string_view part;
};

struct GelfDatagrams::Message {
  struct Part {
    uint32_t offset = kMissing;  // in `bytes`
    uint32_t length = 0;
  };
  static constexpr uint32_t kMissing = std::numeric_limits<uint32_t>::max();

  Nanos first = 0;          // when its first chunk came
  uint8_t missing = 0;      // chunks
  bool dead = false;        // dropped; kept until its time is up, so that its other chunks begin nothing
  size_t charged = 0;       // bytes of memory
  std::vector<Part> parts;  // by number
  std::string bytes;        // in order of arrival
};

struct GelfDatagrams::Waiting {
  std::unordered_map<MessageKey, Message, MessageKeyHash> messages;
  size_t bytes = 0;
  Nanos oldest = 0;  // no message is older; may be older than all
};

GelfDatagrams::GelfDatagrams(GelfDatagramsOptions options) : options_(options), waiting_(std::make_unique<Waiting>()) {}

GelfDatagrams::~GelfDatagrams() {
  if (options_.account) options_.account->release(waiting_->bytes);
}

bool GelfDatagrams::is_encoded(std::string_view datagram) {
  return datagram.starts_with(kChunkMagic) || is_gzip(datagram) || is_zlib(datagram);
}

size_t GelfDatagrams::waiting() const { return waiting_->messages.size(); }
size_t GelfDatagrams::waiting_bytes() const { return waiting_->bytes; }

std::optional<std::string_view> GelfDatagrams::accept(std::string_view datagram, InternId peer, Nanos now) {
  problem_ = GelfProblem::none;
  if (datagram.empty()) return {};
  return datagram.starts_with(kChunkMagic) ? accept_chunk(datagram, peer, now) : expand(datagram);
}

std::optional<std::string_view> GelfDatagrams::accept_chunk(std::string_view datagram, InternId peer, Nanos now) {
  Chunk chunk;
  if (const GelfProblem problem = read_chunk(datagram, chunk); problem != GelfProblem::none) return refuse(problem);
  ++stats_.chunks;
  chunk.key.peer = peer;
  Message* const message = find_or_begin(chunk, now);
  if (!message) return refuse(GelfProblem::no_room);
  if (message->dead) return {};
  if (message->parts.size() != chunk.count) return refuse(GelfProblem::count_mismatch);
  Message::Part& part = message->parts[chunk.number];
  if (part.offset != Message::kMissing) {
    ++stats_.duplicates;
    return {};
  }
  const size_t size = message->bytes.size() + chunk.part.size();
  if (size > options_.max_document) return kill(*message, GelfProblem::too_long);
  if (!grow(*message, size)) return kill(*message, GelfProblem::no_room);
  part = {static_cast<uint32_t>(message->bytes.size()), static_cast<uint32_t>(chunk.part.size())};
  message->bytes.append(chunk.part);
  if (--message->missing > 0) return {};
  const std::string_view document = assemble(*message);
  release(*message);
  waiting_->messages.erase(chunk.key);
  return expand(document);
}

GelfProblem GelfDatagrams::read_chunk(std::string_view datagram, Chunk& chunk) {
  if (datagram.size() < kChunkHeader) return GelfProblem::header_cut_short;
  std::copy_n(datagram.begin() + kChunkMagic.size(), chunk.key.id.size(), chunk.key.id.begin());
  chunk.number = static_cast<uint8_t>(datagram[10]);
  chunk.count = static_cast<uint8_t>(datagram[11]);
  chunk.part = datagram.substr(kChunkHeader);
  if (chunk.count > kMaxChunks) return GelfProblem::too_many_chunks;
  return chunk.number < chunk.count ? GelfProblem::none : GelfProblem::bad_sequence;
}

// Null when there is no room for another message.
GelfDatagrams::Message* GelfDatagrams::find_or_begin(const Chunk& chunk, Nanos now) {
  auto& messages = waiting_->messages;
  auto found = messages.find(chunk.key);
  if (found != messages.end() && now - found->second.first >= options_.timeout) {
    expire(now);
    found = messages.end();
  }
  if (found != messages.end()) return &found->second;

  if (messages.size() >= options_.max_messages) expire(now);
  if (messages.size() >= options_.max_messages) return nullptr;
  if (messages.empty()) waiting_->oldest = now;
  const size_t size = sizeof(Message) + sizeof(MessageKey) + chunk.count * sizeof(Message::Part);
  if (waiting_->bytes + size > options_.max_bytes) return nullptr;
  Message& message = messages[chunk.key];
  message.first = now;
  message.missing = chunk.count;
  message.parts.resize(chunk.count);
  charge(message, size);
  return &message;
}

// Makes room for that many bytes of the message, if the limit allows.
bool GelfDatagrams::grow(Message& message, size_t bytes) {
  const size_t before = message.bytes.capacity();
  if (bytes <= before) return true;
  const size_t after = std::min(std::max(bytes, before * 2), options_.max_document);
  if (waiting_->bytes + after > options_.max_bytes) return false;  // both copies live for a moment
  message.bytes.reserve(after);
  charge(message, message.bytes.capacity() - before);
  return true;
}

void GelfDatagrams::charge(Message& message, size_t bytes) {
  message.charged += bytes;
  waiting_->bytes += bytes;
  if (options_.account) options_.account->charge(bytes);
}

void GelfDatagrams::release(Message& message) {
  waiting_->bytes -= message.charged;
  if (options_.account) options_.account->release(message.charged);
  message.charged = 0;
}

std::nullopt_t GelfDatagrams::kill(Message& message, GelfProblem problem) {
  problem_ = problem;
  ++stats_.incomplete;
  release(message);
  message.dead = true;
  std::vector<Message::Part>().swap(message.parts);
  std::string().swap(message.bytes);
  return std::nullopt;
}

std::string_view GelfDatagrams::assemble(const Message& message) {
  assembled_.clear();
  for (const Message::Part& part : message.parts) assembled_.append(message.bytes, part.offset, part.length);
  return assembled_;
}

void GelfDatagrams::expire(Nanos now) {
  if (waiting_->messages.empty() || now - waiting_->oldest < options_.timeout) return;
  waiting_->oldest = now;
  for (auto at = waiting_->messages.begin(); at != waiting_->messages.end();) {
    Message& message = at->second;
    if (now - message.first < options_.timeout) {
      waiting_->oldest = std::min(waiting_->oldest, message.first);
      ++at;
      continue;
    }
    if (!message.dead) ++stats_.incomplete;
    release(message);
    at = waiting_->messages.erase(at);
  }
}

std::optional<std::string_view> GelfDatagrams::expand(std::string_view document) {
  if (is_gzip(document) || is_zlib(document)) {
    const InflateResult result = inflater_.inflate(document, options_.max_document, expanded_);
    if (result == InflateResult::too_large) return refuse(GelfProblem::too_long);
    if (result != InflateResult::ok) return refuse(GelfProblem::corrupt);
    document = expanded_;
  }
  if (document.empty()) return {};
  ++stats_.documents;
  return document;
}

std::nullopt_t GelfDatagrams::refuse(GelfProblem problem) {
  problem_ = problem;
  ++stats_.malformed;
  return std::nullopt;
}

}  // namespace sluice
