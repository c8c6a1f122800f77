#pragma once

#include "cortc/ice/port_pool.hpp"

namespace cortc::ice {

CORTC_DECL port_pool::port_pool(port_range range, std::uint32_t begin) noexcept
    : range_(range)
    , size_(range.last < range.first ? 0 : std::size_t{range.last} - range.first + 1)
    , begin_(size_ == 0 ? 0 : begin % size_) {}

CORTC_DECL std::optional<port_pool::lease> port_pool::take(const ip_address& address) {
    if (size_ == 0) return {};
    const auto [at, fresh] = tables_.try_emplace(address);
    auto& of = at->second;
    if (fresh) {
        of.taken.resize(size_);
        of.next = begin_;
    }
    if (of.count == size_) return {};
    while (of.taken[of.next]) of.next = (of.next + 1) % size_;
    const auto index = std::exchange(of.next, (of.next + 1) % size_);
    of.taken[index] = true;
    ++of.count;
    return lease(shared_from_this(), address, static_cast<std::uint16_t>(range_.first + index));
}

CORTC_DECL std::size_t port_pool::taken(const ip_address& address) const noexcept {
    const auto at = tables_.find(address);
    return at == tables_.end() ? 0 : at->second.count;
}

CORTC_DECL void port_pool::give_back(const ip_address& address, std::uint16_t port) noexcept {
    const auto at = tables_.find(address);
    at->second.taken[std::size_t{port} - range_.first] = false;
    --at->second.count;
}

} // namespace cortc::ice
