// Result<T>: a value, or the reason why there is none.
//
// Bytes from the network and from disk, and system calls, fail in ordinary ways. Functions that meet
// them return a Result instead of throwing, so that a bad byte costs a branch and never an unwinding.
//
//   Result<uint64_t> size = file.size();
//   if (!size) return Unexpected(size.error());
//   use(*size);
//
// The member names are those of C++23's std::expected, so that it can take this one's place later.
// Where no sentence is needed (parsers), E is a small enum and nothing is allocated.
#pragma once

#include <cassert>
#include <cstring>
#include <string>
#include <utility>
#include <variant>

namespace sluice {

// A failure told to a person: what went wrong, where, and what can be done.
struct Error {
  std::string message;  // one sentence without a final stop
  int sys = 0;          // errno of the system call behind it; 0 when there was none
};

// The errno of a failed system call as a sentence: "open /var/lib/sluice/1.seg: No space left on device".
inline Error system_error(std::string what, int err) { return Error{std::move(what) + ": " + std::strerror(err), err}; }

template <class E>
struct Unexpected {
  explicit Unexpected(E e) : error(std::move(e)) {}
  E error;
};
template <class E>
Unexpected(E) -> Unexpected<E>;

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  template <class G>
  Result(Unexpected<G> u) : state_(std::in_place_index<1>, std::move(u.error)) {}  // NOLINT

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  // REQUIRES: has_value()
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  // REQUIRES: !has_value()
  const E& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  template <class G>
  Result(Unexpected<G> u) : error_(std::move(u.error)), ok_(false) {}  // NOLINT: implicit by design

  bool has_value() const { return ok_; }
  explicit operator bool() const { return ok_; }
  // REQUIRES: !has_value()
  const E& error() const { return error_; }

 private:
  E error_{};
  bool ok_ = true;
};

}  // namespace sluice
