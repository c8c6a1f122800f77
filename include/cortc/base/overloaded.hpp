#pragma once

namespace cortc {

/// Takes a variant apart with std::visit, an alternative each. One that no function takes does not compile.
template <class... Functions>
struct overloaded : Functions... {
    using Functions::operator()...;
};

} // namespace cortc
