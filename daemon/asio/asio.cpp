// Boost.Asio and Boost.Beast, compiled here once: the other files of the daemon see declarations only.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
