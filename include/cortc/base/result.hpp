#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace cortc {

/// A value, or why there is none. Engines return it for what a peer sent: the caller drops, counts and goes
/// on. `E` is an error enumeration or structure of the folder; `value()` on an error throws and is for tests.
template <class T, class E = boost::system::error_code>
using result = boost::system::result<T, E>;

} // namespace cortc
