#pragma once

#include "cortc/async/waiter_service.hpp"
#include "cortc/context/context_core.hpp"

#include <boost/asio/execution_context.hpp>

#include <memory>
#include <mutex>

namespace cortc {

/// The contexts that run on an execution context (an io_context, a thread_pool). The mutex is taken only when
/// one is made or looked up.
class context_service final : public asio::execution_context::service {
  public:
    using key_type = context_service;
    inline static asio::execution_context::id id;

    explicit context_service(asio::execution_context& owner) : service(owner) {}

    void add(const std::shared_ptr<context_core>& made) {
        std::lock_guard lock(mutex_);
        contexts_.add(made);
    }
    /// The first context for which `wanted` holds; without one, the first there is; null when there is none.
    template <class Wanted>
    [[nodiscard]] std::shared_ptr<context_core> find(Wanted wanted) {
        std::shared_ptr<context_core> any;
        std::lock_guard lock(mutex_);
        for (const auto& known : contexts_.known) {
            auto core = known.lock();
            if (core && wanted(*core)) return core;
            if (!any) any = std::move(core);
        }
        return any;
    }

  private:
    void shutdown() override {}

    std::mutex mutex_;
    detail::living<context_core> contexts_;
};

} // namespace cortc
