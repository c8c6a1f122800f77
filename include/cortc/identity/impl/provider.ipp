#pragma once

#include "cortc/identity/provider.hpp"
#include "cortc/identity/text.hpp"

namespace cortc {

CORTC_DECL IdentityProviderError::IdentityProviderError(error_detail detail, std::string message)
    : Error(errc::operation, std::move(message),
            detail::is_of_provider(detail) ? detail : error_detail::idp_execution_failure) {}

CORTC_DECL bool identity_resolver::trusts(std::string_view, std::string_view) const { return false; }

CORTC_DECL void identity_registry::add(const IdentityProviderDetails& who,
                                       std::shared_ptr<IdentityProvider> provider) {
    providers_[{detail::folded(who.domain), who.protocol}] = std::move(provider);
}

CORTC_DECL void identity_registry::trust(std::string_view idp_domain, std::string_view identity_domain) {
    trusted_.emplace(detail::folded(idp_domain), detail::folded(identity_domain));
}

CORTC_DECL std::shared_ptr<IdentityProvider> identity_registry::find(const IdentityProviderDetails& who) {
    const auto at = providers_.find({detail::folded(who.domain), who.protocol});
    return at == providers_.end() ? nullptr : at->second;
}

CORTC_DECL bool identity_registry::trusts(std::string_view idp_domain,
                                          std::string_view identity_domain) const {
    return trusted_.contains({detail::folded(idp_domain), detail::folded(identity_domain)});
}

} // namespace cortc
