#include "daemon/net/http_answer.h"

#include <boost/beast/http/status.hpp>
#include <ctime>

namespace sluice {
namespace {

// As RFC 9110 wants it, whatever the locale says.
std::string http_date(Nanos now) {
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto seconds = static_cast<time_t>(now / kSecond);
  tm utc{};
  gmtime_r(&seconds, &utc);
  char rest[32];
  std::strftime(rest, sizeof rest, " %Y %H:%M:%S GMT", &utc);
  const auto name = [](std::string_view names, int index) {
    return std::string(names.substr(static_cast<size_t>(index) * 3, 3));
  };
  const std::string day = (utc.tm_mday < 10 ? "0" : "") + std::to_string(utc.tm_mday);
  return name(kDays, utc.tm_wday) + ", " + day + " " + name(kMonths, utc.tm_mon) + rest;
}

}  // namespace

void append_answer(std::string& out, const HttpAnswer& answer, const AnswerOptions& options) {
  namespace http = boost::beast::http;
  const bool json = answer.status == 200;
  const boost::beast::string_view reason = http::obsolete_reason(http::int_to_status(answer.status));
  const std::string body = answer.text + "\n";
  out += "HTTP/1.1 " + std::to_string(answer.status) + " ";
  out.append(reason.data(), reason.size());
  out += "\r\nDate: " + http_date(options.now);
  out += json ? "\r\nContent-Type: application/json" : "\r\nContent-Type: text/plain; charset=utf-8";
  out += "\r\nContent-Length: " + std::to_string(body.size());
  if (answer.retry_after > 0) out += "\r\nRetry-After: " + std::to_string(answer.retry_after);
  if (!answer.header.empty()) out.append("\r\n").append(answer.header);
  // Said in both cases: HTTP/1.0 closes unless told otherwise.
  out += options.keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  if (!options.without_body) out += body;
}

}  // namespace sluice
