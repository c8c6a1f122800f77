#pragma once

#include "cortc/transport/context.hpp"
#include "cortc/transport/context_core.hpp"

namespace cortc {

CORTC_DECL context::context(asio::any_io_executor executor, context_options options)
    : core_(std::make_shared<context_core>(std::move(executor), nullptr, std::move(options))) {}

CORTC_DECL context::context(asio::any_io_executor executor, net::network& network, context_options options)
    : core_(std::make_shared<context_core>(std::move(executor), &network, std::move(options))) {}

CORTC_DECL asio::any_io_executor context::get_executor() const { return core_->executor(); }

CORTC_DECL net::network& context::network() const { return core_->network(); }

} // namespace cortc
