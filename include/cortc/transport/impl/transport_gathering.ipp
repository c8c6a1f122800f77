#pragma once

#include "cortc/transport/impl/gathering.hpp"

#include <algorithm>
#include <utility>

// The gathering phases of a transport, those ahead of their generation included.
namespace cortc {

namespace detail {

CORTC_DECL ice::gather_options gather_options(context_core& core) {
    ice::gather_options options;
    options.loopback = true; // usable_interfaces() has decided
    options.interfaces = [&core] { return core.usable_interfaces(); };
    options.external = core.options().external_addresses;
    options.secure = [&core](const std::string& name, bool datagrams) {
        return core.secure_client(name, datagrams);
    };
    return options;
}

/// In an order of their own.
CORTC_DECL std::vector<ip_address> addresses(context_core& core) {
    std::vector<ip_address> all;
    for (const auto& each : core.usable_interfaces()) all.push_back(each.address);
    std::sort(all.begin(), all.end());
    return all;
}

} // namespace detail

CORTC_DECL void transport::gather(const std::string& ufrag, const ice::gather_settings& settings) {
    if (closed_ || !engine_->has_generation(ufrag)) return;
    cancel_gathering(ufrag);
    if (const auto phase = take_ahead(settings)) {
        attempt([&] {
            const auto together = change();
            phase->adopt(ufrag);
        });
        return;
    }
    const auto phase = std::make_shared<gathering>(*this, ufrag);
    gathering_.push_back(phase);
    attempt([&] {
        const auto together = change(); // with what it finds at once
        phase->start(rules(settings));
    });
}

CORTC_DECL ice::gather_settings transport::rules(const ice::gather_settings& settings) const {
    auto made = settings;
    if (core_->options().ice_lite) made.servers.clear(); // RFC 8445 5.2: host candidates only
    return made;
}

CORTC_DECL void transport::gather_ahead(const ice::gather_settings& settings) {
    if (closed_ || ahead_) return;
    const auto phase = std::make_shared<gathering>(*this, std::string());
    gathering_.push_back(phase);
    attempt([&] {
        ahead_.emplace(ahead{phase, settings, detail::addresses(*core_)});
        const auto together = change();
        phase->start_ahead(rules(settings));
    });
}

/// What was gathered by other settings, or when the machine had other addresses, is of no use.
CORTC_DECL std::shared_ptr<transport::gathering> transport::take_ahead(const ice::gather_settings& settings) {
    if (!ahead_) return nullptr;
    auto was = std::move(*ahead_);
    ahead_.reset();
    bool good = false;
    attempt([&] { good = was.settings == settings && was.addresses == detail::addresses(*core_); });
    if (good) return was.phase;
    was.phase->cancel();
    std::erase(gathering_, was.phase);
    close_unused_sockets();
    return nullptr;
}

CORTC_DECL void transport::cancel_gathering(const std::string& ufrag) noexcept {
    for (const auto& each : gathering_)
        if (each->of(ufrag)) each->cancel();
    std::erase_if(gathering_, [&](const auto& each) { return each->of(ufrag); });
}

} // namespace cortc
