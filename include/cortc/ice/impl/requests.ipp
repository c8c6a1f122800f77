#pragma once

#include "cortc/ice/requests.hpp"

#include <algorithm>

namespace cortc::ice {

CORTC_DECL std::vector<request_table::entry>::const_iterator
request_table::place(const stun::transaction_id& id) const noexcept {
    return std::ranges::lower_bound(waiting_, id, {}, &entry::id);
}

CORTC_DECL request_ticket request_table::add(const stun::transaction_id& id, requester& whose) {
    waiting_.insert(place(id), {id, &whose});
    return {*this, id};
}

CORTC_DECL void request_table::remove(const stun::transaction_id& id) noexcept {
    if (const auto at = place(id); at != waiting_.end() && at->id == id) waiting_.erase(at);
}

CORTC_DECL bool request_table::give_out(const path& from, const stun::message& response,
                                        time_point now) const {
    const auto at = place(response.id());
    if (at == waiting_.end() || at->id != response.id()) return false;
    at->whose->handle_response(from, response, now);
    return true;
}

} // namespace cortc::ice
