#pragma once

#include "cortc/context/context.hpp"
#include "cortc/context/context_core.hpp"
#include "cortc/context/context_service.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>

namespace cortc {

namespace detail {

CORTC_DECL context_service& service_of(const asio::any_io_executor& executor) {
    return asio::use_service<context_service>(asio::query(executor, asio::execution::context));
}

} // namespace detail

CORTC_DECL context::context(asio::any_io_executor executor, context_options options)
    : core_(std::make_shared<context_core>(std::move(executor), nullptr, std::move(options))) {
    core_->join_port_group();
    detail::service_of(core_->executor()).add(core_);
}

CORTC_DECL context::context(asio::any_io_executor executor, net::network& network, context_options options)
    : core_(std::make_shared<context_core>(std::move(executor), &network, std::move(options))) {
    core_->join_port_group();
    detail::service_of(core_->executor()).add(core_);
}

CORTC_DECL std::optional<context> context::of(const asio::any_io_executor& executor) {
    auto found = detail::service_of(executor).find(
        [&](const context_core& each) { return each.executor() == executor; });
    if (!found) return std::nullopt;
    return context(std::move(found));
}

CORTC_DECL asio::any_io_executor context::get_executor() const { return core_->executor(); }

CORTC_DECL net::network& context::network() const { return core_->network(); }

CORTC_DECL context_totals context::totals() const { return core_->totals(); }

} // namespace cortc
