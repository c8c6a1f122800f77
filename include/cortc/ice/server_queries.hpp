#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/fifo.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/random.hpp"
#include "cortc/base/time.hpp"
#include "cortc/ice/rate.hpp"
#include "cortc/ice/requests.hpp"
#include "cortc/ice/types.hpp"
#include "cortc/stun/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cortc::ice {

/// Where a STUN server sees one of our sockets, or why that is not known.
struct server_answer {
    path asked;
    std::optional<endpoint> mapped; ///< the server-reflexive address
    std::uint16_t code = 0;         ///< of the server's error; 701, as the W3C has it, when it is silent
    std::string reason;             ///< for a person
};

/// The Binding requests to STUN servers over the sockets of host candidates (RFC 8445 5.1.1.2, RFC 8489), as
/// an engine. Their answers come by the request_table. A server has 9.5 s: five transmissions, the first
/// repeated after 500 ms, as browsers do; RFC 8489's 39.5 s would keep gathering from its end.
class server_queries final : private requester {
  public:
    /// Both must outlive it.
    server_queries(random_source& random, request_table& table) : random_(random), table_(table) {}
    server_queries(const server_queries&) = delete;
    server_queries& operator=(const server_queries&) = delete;

    /// Exactly one answer follows. A query that is on its way already is not asked again.
    void ask(const path& server);
    /// Nothing is asked any more, or told.
    void clear() noexcept;

    std::optional<transmit> poll_transmit(byte_span out, time_point now);
    std::optional<server_answer> poll_answer();
    [[nodiscard]] time_point next_timeout() const noexcept;
    void handle_timeout(time_point now);

  private:
    struct query {
        path to;
        stun::transaction_id id{};
        request_ticket ticket{};
        unsigned transmissions = 0;
        time_point next = time_point::min(); // transmission, or the end
    };

    void handle_response(const path& from, const stun::message& response, time_point now) override;
    void end(std::vector<query>::iterator which, server_answer with);

    random_source& random_;
    request_table& table_;
    rate pacing_{std::chrono::milliseconds(5), 5}; // RFC 8445 14: Ta, as for checks
    std::vector<query> queries_;
    fifo<server_answer> answers_;
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/server_queries.ipp"
#endif
