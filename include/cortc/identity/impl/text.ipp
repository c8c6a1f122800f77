#pragma once

#include "cortc/base/base64.hpp"
#include "cortc/base/json.hpp"
#include "cortc/base/json_writer.hpp"
#include "cortc/base/utf8.hpp"
#include "cortc/identity/provider.hpp"
#include "cortc/identity/text.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cortc::detail {

CORTC_DECL std::string print_contents(const std::vector<sdp::fingerprint>& fingerprints) {
    std::string out;
    json::writer to(out);
    to.open('{');
    to.key("fingerprint");
    to.open('[');
    for (const auto& each : fingerprints) {
        const auto printed = sdp::print_fingerprint(each);
        to.open('{');
        to.member("algorithm", each.algorithm);
        to.member("digest", std::string_view(printed).substr(each.algorithm.size() + 1));
        to.close('}');
    }
    to.close(']');
    to.close('}');
    return out;
}

CORTC_DECL std::optional<std::vector<sdp::fingerprint>> parse_contents(std::string_view text) {
    const auto read = json::parse(text);
    const auto* list = read ? read->find("fingerprint") : nullptr;
    if (!list || !list->as_array()) return std::nullopt;
    std::vector<sdp::fingerprint> out;
    for (const auto& each : *list->as_array()) {
        const auto *algorithm = each.find("algorithm"), *digest = each.find("digest");
        if (!algorithm || !algorithm->as_string() || !digest || !digest->as_string()) return std::nullopt;
        auto fingerprint = sdp::parse_fingerprint(*algorithm->as_string() + ' ' + *digest->as_string());
        if (!fingerprint) return std::nullopt;
        out.push_back(std::move(*fingerprint));
    }
    return out;
}

CORTC_DECL std::string print_assertion(const IdentityAssertionResult& made) {
    const auto refuse = [](const char* why) {
        throw Error(errc::operation, why, error_detail::idp_execution_failure);
    };
    if (made.idp.domain.empty()) refuse("its assertion does not say of which domain it is");
    if (!is_protocol(made.idp.protocol)) refuse("its assertion has a protocol with / or a backslash");
    if (!is_utf8(made.idp.domain) || !is_utf8(made.idp.protocol) || !is_utf8(made.assertion))
        refuse("its assertion is not UTF-8");
    std::string assertion;
    json::writer to(assertion);
    to.open('{');
    to.key("idp");
    to.open('{');
    to.member("domain", made.idp.domain);
    to.member("protocol", made.idp.protocol);
    to.close('}');
    to.member("assertion", made.assertion);
    to.close('}');
    auto text = base64_encode(assertion);
    if (text.size() > max_assertion_size)
        refuse("its assertion is too long for a line of SDP; 16000 bytes of base64 fit");
    return text;
}

CORTC_DECL std::optional<IdentityAssertionResult> parse_assertion(std::string_view attribute) {
    const auto decoded = base64_decode(attribute.substr(0, attribute.find(' ')));
    const auto read = decoded ? json::parse(*decoded) : std::nullopt;
    if (!read) return std::nullopt;
    const auto *idp = read->find("idp"), *assertion = read->find("assertion");
    if (!idp || !assertion || !assertion->as_string()) return std::nullopt;
    const auto *domain = idp->find("domain"), *protocol = idp->find("protocol");
    if (!domain || !domain->as_string() || domain->as_string()->empty()) return std::nullopt;
    if (protocol && !protocol->as_string()) return std::nullopt;
    IdentityAssertionResult out;
    out.idp.domain = *domain->as_string();
    if (protocol) out.idp.protocol = *protocol->as_string();
    if (!is_protocol(out.idp.protocol)) return std::nullopt;
    out.assertion = *assertion->as_string();
    return out;
}

CORTC_DECL std::vector<sdp::fingerprint> fingerprints_of(const sdp::session_description& description) {
    std::vector<sdp::fingerprint> out;
    const auto add = [&](const std::vector<sdp::fingerprint>& some) {
        for (const auto& each : some)
            if (out.size() <= max_fingerprints && std::find(out.begin(), out.end(), each) == out.end())
                out.push_back(each);
    };
    add(description.transport.fingerprints);
    for (const auto& media : description.media) add(media.transport.fingerprints);
    return out;
}

CORTC_DECL bool covers(const std::vector<sdp::fingerprint>& all, const std::vector<sdp::fingerprint>& some) {
    return some.size() <= max_fingerprints && std::all_of(some.begin(), some.end(), [&](const auto& each) {
               return std::find(all.begin(), all.end(), each) != all.end();
           });
}

CORTC_DECL std::optional<std::string_view> domain_of(std::string_view identity) {
    const auto at = identity.find('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == identity.size()) return std::nullopt;
    if (identity.find('@', at + 1) != std::string_view::npos || !is_utf8(identity)) return std::nullopt;
    const auto user = identity.substr(0, at);
    for (auto escape = user.find('%'); escape != std::string_view::npos;
         escape = user.find('%', escape + 1)) {
        const auto code = user.substr(escape + 1, 2);
        if (code != "40" && code != "25") return std::nullopt;
    }
    return identity.substr(at + 1);
}

CORTC_DECL std::string_view host_of(std::string_view authority) {
    if (const auto user = authority.rfind('@'); user != std::string_view::npos)
        authority.remove_prefix(user + 1);
    if (authority.starts_with('[')) // an IPv6 address has colons of its own
        return authority.substr(0, authority.find(']') + 1);
    return authority.substr(0, authority.find(':'));
}

CORTC_DECL std::string folded(std::string_view domain) {
    std::string out;
    std::transform(domain.begin(), domain.end(), std::back_inserter(out),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return out;
}

CORTC_DECL bool same_domain(std::string_view a, std::string_view b) { return folded(a) == folded(b); }

CORTC_DECL bool same_identity(std::string_view a, std::string_view b) {
    const auto domain_a = domain_of(a), domain_b = domain_of(b);
    return domain_a && domain_b && same_domain(*domain_a, *domain_b) &&
           a.substr(0, a.size() - domain_a->size()) == b.substr(0, b.size() - domain_b->size());
}

CORTC_DECL bool is_protocol(std::string_view protocol) {
    return protocol.find_first_of("/\\") == std::string_view::npos;
}

CORTC_DECL bool is_of_provider(error_detail detail) noexcept {
    switch (detail) {
    case error_detail::idp_bad_script_failure:
    case error_detail::idp_execution_failure:
    case error_detail::idp_load_failure:
    case error_detail::idp_need_login:
    case error_detail::idp_timeout:
    case error_detail::idp_tls_failure:
    case error_detail::idp_token_expired:
    case error_detail::idp_token_invalid:
        return true;
    default:
        return false;
    }
}

} // namespace cortc::detail
