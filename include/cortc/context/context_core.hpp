#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/buffer.hpp"
#include "cortc/context/context_options.hpp"
#include "cortc/context/end_of_turn.hpp"
#include "cortc/context/totals.hpp"
#include "cortc/crypto/certificate.hpp"
#include "cortc/crypto/server_trust.hpp"
#include "cortc/net/send_batch.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace cortc {

/// Something that counts for itself while it lives (see totals_entry).
class totals_source {
  public:
    virtual void add_to(context_totals& all) const = 0;

  protected:
    ~totals_source() = default;
};

namespace detail {

inline void append_drop(std::vector<drop_count>& into, std::string_view layer, std::string_view reason,
                        std::uint64_t count) {
    if (count != 0) into.push_back({layer, reason, count});
}
/// Those reasons of an engine that have occurred.
template <class Reason, std::size_t Count>
void append_drops(std::vector<drop_count>& into, std::string_view layer,
                  const std::array<std::uint64_t, Count>& counts) {
    for (std::size_t i = 0; i < Count; ++i)
        append_drop(into, layer, to_string(static_cast<Reason>(i)), counts[i]);
}

} // namespace detail

class context_core;

/// A source of totals, from here until leave(): then what it has counted is kept, and it is not asked again.
/// A member of the source, its last one.
class totals_entry {
  public:
    totals_entry(std::shared_ptr<context_core> core, const totals_source& source);
    totals_entry(const totals_entry&) = delete;
    totals_entry& operator=(const totals_entry&) = delete;
    ~totals_entry() { leave(); }
    void leave() noexcept;

  private:
    std::shared_ptr<context_core> core_;
    const totals_source& source_;
};

/// The inside of a context. Everything here belongs to its executor.
class context_core : public waiter_home, public std::enable_shared_from_this<context_core> {
  public:
    context_core(asio::any_io_executor executor, net::network* network, context_options options);
    ~context_core();

    [[nodiscard]] net::network& network() noexcept { return *network_; }
    [[nodiscard]] const context_options& options() const noexcept { return options_; }
    [[nodiscard]] logger log(std::string_view component,
                             std::shared_ptr<const log_origin> origin = {}) const {
        return {options_.log, options_.least_level, component, std::move(origin)};
    }
    /// The numbers of connections, for their lines.
    [[nodiscard]] std::uint64_t next_connection() noexcept { return ++last_connection_; }

    /// The batch that datagrams are written to; it is flushed after at_end_of_turn()'s clients wrote.
    [[nodiscard]] net::send_batch& batch() noexcept { return batch_; }
    /// Calls the client once when what is ready to run on the executor now has run, so that everything sent
    /// in one turn leaves together, and acknowledgements ride with the answers of the application.
    void at_end_of_turn(end_of_turn_client& client);
    /// The same now, for everybody who waits: what is ready computes for long (handshakes). Only from the
    /// outermost frame, never while a client drains.
    void end_turn();
    /// What a connection computes while it is being set up (an operation on its descriptions, say): one piece
    /// between two looks at the sockets, in order, so that a crowd of new connections does not hold up those
    /// that are established. Runs at once when none ran in this turn.
    void take_turns(std::function<void()> piece);

    /// Storage of messages.
    [[nodiscard]] buffer_pool& pool() noexcept { return pool_; }
    /// Where a packet is decrypted before it is copied out; valid until the next use.
    [[nodiscard]] byte_span scratch() noexcept { return scratch_; }

    using certificate_ptr = std::shared_ptr<const crypto::certificate>;
    using certificate_ready = std::function<void(std::exception_ptr, certificate_ptr)>;
    /// The certificate of connections that bring none: made at the first use (on the worker, if there is
    /// one), renewed when a tenth of its life is left. `ready` is called on the executor, inline if it exists
    /// already.
    void with_certificate(certificate_ready ready);
    /// Makes a new one, on the worker if there is one, else inline. `ready` is called on the executor, with
    /// an error when the context is destroyed before.
    void make_certificate(crypto::key_type type, std::chrono::seconds validity, certificate_ready ready);

    /// A point in time since 1970-01-01 UTC, for reports: it follows the context's clock, and not a calendar
    /// that is set. Its origin is as exact as network::calendar(), a millisecond.
    [[nodiscard]] duration since_epoch(time_point at) const noexcept {
        return calendar_origin_ + at.time_since_epoch();
    }

    /// Of its connections, as of now.
    [[nodiscard]] context_totals totals() const;
    /// What counts at once.
    [[nodiscard]] context_totals& counted() noexcept { return counted_; }

    /// Becomes a member of its port group, if it has one. Once, before anything else.
    void join_port_group();
    [[nodiscard]] const std::optional<unsigned>& port_member() const noexcept { return port_member_; }
    /// Who takes what other members received for this one; in shared_sockets().
    void on_parcel(std::function<void(net::parcel&)> call) { on_parcel_ = std::move(call); }

    /// What the sockets of its transports have in common; theirs.
    [[nodiscard]] std::shared_ptr<void>& shared_sockets() noexcept { return shared_sockets_; }

    /// The client's end of TLS, or DTLS, to a server of this name.
    [[nodiscard]] result<std::unique_ptr<crypto::tls_session>, crypto::tls_failed>
    secure_client(const std::string& name, bool datagrams);

    /// Host addresses that may become candidates.
    [[nodiscard]] std::vector<net::interface_address> usable_interfaces();

  private:
    friend class totals_entry;

    void next_piece();
    void certificate_made(std::uint64_t id, std::exception_ptr error, certificate_ptr made);

    context_options options_;
    std::unique_ptr<net::network> own_network_;
    net::network* network_;
    duration calendar_origin_;
    crypto::tls_clients tls_clients_;
    net::send_batch batch_;
    std::vector<std::byte> scratch_;
    buffer_pool pool_;
    end_of_turn_queue turn_;
    bool turn_end_posted_ = false;
    std::deque<std::function<void()>> pieces_; // of take_turns()
    bool piece_ran_ = false;
    time_point pool_aged_{};
    certificate_ptr certificate_;
    std::vector<certificate_ready> waiting_for_certificate_;
    std::map<std::uint64_t, certificate_ready> being_made_; // on the worker
    std::uint64_t last_made_ = 0;
    std::uint64_t last_connection_ = 0;
    std::shared_ptr<void> shared_sockets_;
    std::optional<unsigned> port_member_;
    std::function<void(net::parcel&)> on_parcel_;
    context_totals counted_; // and what those have left that are gone
    std::unordered_set<const totals_source*> sources_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/context/impl/context_core.ipp"
#endif
