#pragma once

#include "cortc/sim/world.hpp"
#include "cortc/transport/transport.hpp"
#include "test/support/catch.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

/// Two transports in virtual time, without connections.
namespace cortc::transport_pair {

using namespace std::chrono_literals;

/// One end: a transport, and what its connection would do for it.
class end final : public transport_observer {
  public:
    end(asio::io_context& io, sim::host& host, ice::role role, const context_options& options = {})
        : name_(host.name())
        , core_(std::make_shared<context_core>(io.get_executor(), &host, options))
        , certificate_(crypto::default_backend()
                           .generate_certificate(crypto::key_type::ecdsa_p256, host.calendar())
                           .value())
        , where_(std::make_shared<transport>(core_, *this)) {
        where_->set_role(role);
        where_->start();
        where_->add_generation(ufrag(), password());
    }
    void negotiate(end& with, dtls_role role) {
        peer_ = &with;
        where_->pair_generation(ufrag(), with.ufrag(), with.password(), {});
        where_->set_dtls(role, {certificate_},
                         {{"sha-256", with.certificate_->fingerprint(crypto::hash_algorithm::sha256)}});
    }
    void gather() { where_->gather(ufrag(), {}); }
    void close() { where_->close(core_); }
    [[nodiscard]] transport* operator->() const { return where_.get(); }
    [[nodiscard]] bool connected() const { return where_->dtls_state() == dtls_transport_state::connected; }
    [[nodiscard]] bool ended() const { return ended_; }

    std::vector<std::string> heard; ///< what the observer was told
    std::function<void()> on_event; ///< after each

  private:
    [[nodiscard]] std::string ufrag() const { return "ufrag" + name_; }
    [[nodiscard]] std::string password() const { return "a-password-of-22-and-more-" + name_; }

    void on_ice_state(transport&, ice::transport_state to) override {
        tell("ice " + std::string(ice::to_string(to)));
    }
    void on_role_changed(transport&, ice::role now) override { tell(std::string(ice::to_string(now))); }
    void on_dtls_state(transport&, dtls_transport_state, const std::string&) override { tell("dtls"); }
    void on_local_candidate(transport&, const std::string& of, const ice::local_candidate&,
                            const sdp::candidate& candidate) override {
        peer_->where_->add_remote_candidate(of, candidate);
        tell("candidate");
    }
    void on_gathering_error(transport&, const std::string&, const ice::gathering_error& error) override {
        tell("error " + error.text);
    }
    void on_gathering_done(transport&, const std::string&) override { tell("gathered"); }
    void on_selected_pair(transport&, const std::string&) override { tell("selected"); }
    void on_channel_event(datachannel::channel_event&&) override {}
    void on_channel_message(datachannel::incoming_message&&) override {}
    void on_transport_ended(transport&) override { ended_ = true; }
    void tell(const std::string& what) {
        heard.push_back(what);
        if (on_event) on_event();
    }

    std::string name_;
    std::shared_ptr<context_core> core_;
    std::shared_ptr<const crypto::certificate> certificate_;
    std::shared_ptr<transport> where_;
    end* peer_ = nullptr;
    bool ended_ = false;
};

/// Two of them, and whoever is between: what is given to inject() replaces a datagram from b to a now and
/// then, so that it comes from the address that ICE has proven.
struct pair {
    asio::io_context io;
    sim::world world{io};
    sim::host &host_a = world.host("a", {"10.0.0.1"}), &host_b = world.host("b", {"10.0.0.2"});
    end a, b;
    endpoint address_of_a;
    std::optional<bytes> waiting;            ///< for a datagram that it can replace:
    std::function<bool(byte_view)> replaces; ///< one of these (none: any)

    explicit pair(ice::role of_b = ice::role::controlled, const context_options& options_of_a = {})
        : a(io, host_a, ice::role::controlling, options_of_a), b(io, host_b, of_b) {
        world.on_datagram([this](sim::transit& each) { on_datagram(each); });
    }
    /// b is the DTLS client.
    void connect() {
        begin();
        REQUIRE(world.run_until([this] { return a.connected() && b.connected(); }, 10s));
    }
    void begin() {
        a.negotiate(b, dtls_role::server);
        b.negotiate(a, dtls_role::client);
        a.gather();
        b.gather();
    }
    void inject(bytes packet) {
        waiting = std::move(packet);
        REQUIRE(world.run_until([this] { return !waiting; }, 20s));
        world.run_for(10s); // it arrives; and what it replaced is repeated before the next
    }
    void finish() {
        a.close();
        b.close();
        CHECK(world.run_dry(1s));
        CHECK(a.ended());
        CHECK(b.ended());
    }

  private:
    void on_datagram(sim::transit& each) {
        if (each.source.address != host_b.interfaces().front().address) return;
        address_of_a = each.destination;
        if (waiting && (!replaces || replaces(each.data))) each.data = *std::exchange(waiting, std::nullopt);
    }
};

} // namespace cortc::transport_pair
