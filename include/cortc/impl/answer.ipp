#pragma once

#include "cortc/answer.hpp"
#include "cortc/connection/connection.hpp"
#include "cortc/connection/conversions.hpp"
#include "cortc/error.hpp"
#include "cortc/timeout.hpp"

#include <utility>

namespace cortc {

namespace detail {

// The steps. Apart from the coroutines below, whose frames cannot hold lambdas outside a translation unit's
// main file (g++ 12: -Wsubobject-linkage).

template <class Token>
auto set_remote(const std::shared_ptr<connection>& impl, SessionDescription description, Token&& token) {
    return initiate<void>(impl->core(), std::forward<Token>(token),
                          [impl, description = std::move(description)](auto operation) mutable {
                              impl->negotiating().set_remote(std::move(description), std::move(operation));
                          });
}

CORTC_DECL asio::awaitable<void> set_local(const std::shared_ptr<connection>& impl) {
    return initiate<void>(impl->core(), asio::use_awaitable, [impl](auto operation) {
        impl->negotiating().set_local(std::nullopt, std::move(operation));
    });
}

// Its own chain takes the rollback before whatever the application does next, and nobody waits for it: a
// cancelled coroutine cannot await.
CORTC_DECL void roll_back(const std::shared_ptr<connection>& impl) {
    set_remote(impl, SessionDescription(SdpType::rollback, ""), [](std::exception_ptr) {});
}

CORTC_DECL asio::awaitable<void> gathered(const std::shared_ptr<connection>& impl) {
    return initiate<void>(impl->core(), asio::use_awaitable, [impl](auto operation) {
        impl->states().gathering_complete(std::move(operation));
    });
}

// The description belongs to the context's executor, which need not be that of the one who waits.
CORTC_DECL asio::awaitable<SessionDescription> read_answer(const std::shared_ptr<connection>& impl) {
    return initiate<SessionDescription>(impl->core(), asio::use_awaitable, [impl](auto operation) {
        auto description = impl->negotiating().session().current_local_description();
        if (impl->is_closed() || !description)
            operation->fail(errc::aborted, "the connection was closed");
        else
            operation->succeed(from_jsep(std::move(*description)));
    });
}

CORTC_DECL asio::awaitable<void> gather_for(std::shared_ptr<connection> impl, duration limit) {
    const context where(impl->core());
    try {
        co_await timeout(where, limit, gathered(impl));
    } catch (const boost::system::system_error& error) {
        if (error.code() != errc::timed_out) throw;
    }
}

CORTC_DECL asio::awaitable<SessionDescription> answer(std::shared_ptr<connection> impl,
                                                      SessionDescription offer, AnswerOptions options) {
    co_await set_remote(impl, std::move(offer), asio::use_awaitable);
    try {
        co_await set_local(impl);
    } catch (...) {
        roll_back(impl);
        throw;
    }
    if (!options.trickle) co_await gather_for(impl, options.timeout);
    co_return co_await read_answer(impl);
}

} // namespace detail

CORTC_DECL asio::awaitable<SessionDescription> answer(PeerConnection& pc, SessionDescription offer,
                                                      AnswerOptions options) {
    (void)pc.impl(); // throws when it was moved from
    return detail::answer(pc.impl_, std::move(offer), options);
}

} // namespace cortc
