#pragma once

#include "cortc/base/what_of.hpp"
#include "cortc/context/context_core.hpp"
#include "cortc/ice/gatherer.hpp"
#include "cortc/ice/server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace cortc {

/// A source of credentials that is a coroutine.
class credential_coroutine : public ice::credential_source {
  public:
    /// Throws what the application throws. Nothing of this object is used after it has returned.
    [[nodiscard]] virtual asio::awaitable<ice::credentials_answer> ask(std::string url, bool refused) = 0;
};

/// One coroutine of a source, under way, from start() until `done` is called, on the context's executor and
/// never from inside start(); or until stop().
class credential_call final : public std::enable_shared_from_this<credential_call> {
  public:
    using done_type = std::function<void(ice::credentials_answer)>;

    credential_call(std::shared_ptr<context_core> core, done_type done)
        : core_(std::move(core)), done_(std::move(done)) {}

    void start(const std::shared_ptr<credential_coroutine>& source, std::string url, bool refused) {
        // Code of the application runs in there: not in the middle of gathering.
        asio::post(core_->executor(), [self = shared_from_this(), source, url = std::move(url), refused] {
            if (self->done_) self->run(*source, url, refused);
        });
    }
    /// Nobody waits any more: the coroutine is cancelled, once whoever says so has returned.
    void stop() {
        if (!done_) return;
        done_ = nullptr;
        asio::post(core_->executor(), [self = shared_from_this()] {
            if (self->running_) self->signal_.emit(asio::cancellation_type::terminal);
        });
    }

  private:
    void run(credential_coroutine& source, const std::string& url, bool refused) {
        running_ = true;
        auto ended = [self = shared_from_this()](const std::exception_ptr& error,
                                                 ice::credentials_answer answer) {
            self->running_ = false;
            if (!self->done_) return;
            if (error) answer = {{}, {}, what_of(error)};
            std::exchange(self->done_, nullptr)(std::move(answer));
        };
        // Wherever the coroutine ends, its outcome comes back to the context.
        asio::co_spawn(core_->executor(), source.ask(url, refused),
                       asio::bind_cancellation_slot(
                           signal_.slot(), asio::bind_executor(core_->executor(), std::move(ended))));
    }

    std::shared_ptr<context_core> core_;
    done_type done_;
    asio::cancellation_signal signal_;
    bool running_ = false;
};

} // namespace cortc
