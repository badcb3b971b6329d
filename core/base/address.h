// address_text(): a socket address as a person writes it.
//
// Threads: safe from any.
#pragma once

#include <sys/socket.h>

#include <string>

namespace sluice {

// "192.0.2.7", "2001:db8::7": without port and scope; an IPv4 address inside IPv6 as IPv4. Empty when it is neither.
std::string address_text(const sockaddr_storage& address);

}  // namespace sluice
