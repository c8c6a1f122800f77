#pragma once

#include "cortc/base/overloaded.hpp"
#include "cortc/ice/server_link.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace cortc::ice {

CORTC_DECL bool frame_splitter::split(byte_span data, const endpoint& source,
                                      std::vector<net::datagram>& into, turn::frames may_be) {
    byte_span all = data;
    if (!partial_.empty()) {
        partial_.insert(partial_.end(), data.begin(), data.end());
        all = partial_;
    }
    bool good = true;
    auto rest = all;
    for (;;) {
        const auto size = turn::frame_size(rest, may_be);
        good = size != std::size_t{};
        if (!good || !size || *size > rest.size()) break;
        into.push_back({rest.first(*size), source});
        rest = rest.subspan(*size);
    }
    if (rest.size() == all.size() && !partial_.empty()) return good; // it grows where it is
    bytes left(rest.begin(), rest.end());
    whole_ = std::exchange(partial_, std::move(left)); // what `into` points to
    return good;
}

namespace detail {

/// What TLS and DTLS have in common: the session, its timer, and how it ends.
class secured {
  public:
    secured(net::network& network, std::shared_ptr<crypto::tls_session> session,
            std::function<void()> on_time)
        : network_(network), session_(std::move(session)), timer_(network.make_timer(std::move(on_time))) {}

    [[nodiscard]] crypto::tls_session& session() noexcept { return *session_; }
    void start() { session_->start(network_.now()); }
    void input(byte_view data) { session_->handle_input(data, network_.now()); }
    void on_time() { session_->handle_timeout(network_.now()); }
    void arm() { timer_->arm(session_->next_timeout()); }

  private:
    net::network& network_;
    std::shared_ptr<crypto::tls_session> session_;
    std::unique_ptr<net::timer> timer_;
};

class udp_link final : public server_link, private net::datagram_handler {
  public:
    udp_link(const endpoint& server, server_link_user& user) : server_(server), user_(user) {}
    boost::system::error_code open(net::network& network, const endpoint& local) {
        auto opened = network.open_udp(local, *this);
        if (!opened) return opened.error();
        socket_ = std::move(*opened);
        return {};
    }
    [[nodiscard]] const endpoint& local() const noexcept override { return socket_->local(); }
    [[nodiscard]] bool is_open() const noexcept override { return true; }
    void send(byte_view message) override {
        const net::outgoing one{message, server_};
        socket_->send(std::span(&one, 1));
    }
    void send(net::send_batch& batch, std::size_t header, std::size_t size) override {
        batch.commit(*socket_, server_, size, net::ecn::not_ect, header);
    }
    void forget(net::send_batch& batch) noexcept override { batch.forget(*socket_); }
    [[nodiscard]] std::uint64_t send_dropped() const noexcept override {
        return socket_->stats().send_dropped;
    }

  private:
    void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
        const bool all =
            std::ranges::all_of(batch, [this](const auto& one) { return one.source == server_; });
        if (all) return user_.on_link_packets(batch);
        std::vector<net::datagram> ours;
        for (const auto& one : batch)
            if (one.source == server_) ours.push_back(one);
        if (!ours.empty()) user_.on_link_packets(ours);
    }

    endpoint server_;
    server_link_user& user_;
    std::unique_ptr<net::udp_socket> socket_;
};

/// Over TCP, in the clear or in TLS.
class stream_link final : public server_link, private net::stream_handler {
  public:
    stream_link(const endpoint& server, server_link_user& user) : server_(server), user_(user) {}
    ~stream_link() override { shutdown(); }
    boost::system::error_code open(net::network& network, const endpoint& local,
                                   std::shared_ptr<crypto::tls_session> session) {
        if (session)
            secured_.emplace(network, std::move(session), [this] {
                secured_->on_time();
                progress();
            });
        auto connecting = network.connect(local, server_, *this);
        if (!connecting) return connecting.error();
        stream_ = std::move(*connecting);
        return {};
    }
    [[nodiscard]] const endpoint& local() const noexcept override { return stream_->local(); }
    [[nodiscard]] bool is_open() const noexcept override { return open_; }
    void send(byte_view message) override { write(message, net::stream::send_limit - reserve); }
    void send(net::send_batch& batch, std::size_t header, std::size_t size) override {
        write(byte_view(batch.header(header).data(), header + size), data_limit);
    }
    [[nodiscard]] std::uint64_t send_dropped() const noexcept override { return dropped_; }
    void expect_channels() noexcept override { may_be_ = turn::frames::with_channels; }

  private:
    static constexpr std::size_t reserve =
        32 * 1024; // of the stream's limit, for records that are on their way

    void handle_connected(net::stream&) override {
        if (!secured_) return opened();
        secured_->start();
        progress();
    }
    void handle_data(net::stream&, byte_span data) override {
        if (!secured_) {
            (void)messages(data);
            return;
        }
        secured_->input(data);
        progress();
    }
    void handle_ended(net::stream&, boost::system::error_code why) override {
        end(open_ ? "the server has ended the connection: " + why.message()
                  : "there is no connection to it: " + why.message());
    }
    void handle_writable(net::stream&) override { flush(); }

    void opened() {
        open_ = true;
        user_.on_link_open();
    }
    /// Told once. This may be gone afterwards.
    void end(const std::string& why) {
        open_ = false;
        if (!std::exchange(ended_, true)) user_.on_link_ended(why);
    }
    void write(byte_view message, std::size_t limit) {
        const bool room = open_ && stream_->waiting() <= limit;
        const bool taken =
            room && (secured_ ? secured_->session().write(message) : stream_->send(std::span(&message, 1)));
        if (!taken) ++dropped_;
        if (taken && secured_) flush();
    }
    void flush() {
        if (!secured_) return;
        std::array<std::byte, 8192> room;
        while (stream_->waiting() <= net::stream::send_limit - room.size()) {
            const byte_view out = byte_view(room).first(secured_->session().poll_transmit(room));
            if (out.empty() || !stream_->send(std::span(&out, 1))) return;
        }
    }
    /// What TLS has to say, to both sides. This may be gone afterwards.
    void progress() {
        if (!events()) return;
        std::array<std::byte, 16384> room;
        while (const auto size = secured_->session().poll_read(room))
            if (!messages(byte_span(room).first(size))) return;
        if (!events()) return; // what was read may have been the end
        flush();
        secured_->arm();
    }
    /// False when this is gone.
    bool events() {
        const std::weak_ptr<bool> alive = alive_;
        while (auto event = secured_->session().poll_event()) {
            flush(); // an alert
            std::visit(overloaded{[this](const crypto::tls_connected&) { opened(); },
                                  [this](const crypto::tls_closed&) { end("the server has ended TLS"); },
                                  [this](const crypto::tls_failed& why) { end(why.message); }},
                       *event);
            if (alive.expired()) return false;
        }
        return true;
    }
    /// False when this is gone, or ended.
    bool messages(byte_span data) {
        auto found = std::exchange(packets_, {}); // this may be gone when they are handled
        auto splitter = std::move(splitter_);
        const bool good = splitter.split(data, server_, found, may_be_);
        const std::weak_ptr<bool> alive = alive_;
        if (!found.empty()) user_.on_link_packets(found);
        if (alive.expired()) return false;
        splitter_ = std::move(splitter);
        found.clear();
        packets_ = std::move(found);
        if (good) return !ended_;
        end("what it sends is not TURN");
        return false;
    }
    void shutdown() noexcept {
        try {
            if (!secured_ || !stream_) return;
            secured_->session().shutdown();
            flush();
        } catch (...) { // no memory for it: then without a farewell
        }
    }

    endpoint server_;
    server_link_user& user_;
    std::optional<secured> secured_;
    std::unique_ptr<net::stream> stream_;
    bool open_ = false, ended_ = false;
    frame_splitter splitter_;
    turn::frames may_be_ = turn::frames::stun_only;
    std::vector<net::datagram> packets_; // of one read, kept for its memory
    std::uint64_t dropped_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class dtls_link final : public server_link, private net::datagram_handler {
  public:
    dtls_link(const endpoint& server, server_link_user& user) : server_(server), user_(user) {}
    ~dtls_link() override { shutdown(); }
    boost::system::error_code open(net::network& network, const endpoint& local,
                                   std::shared_ptr<crypto::tls_session> session) {
        auto opened = network.open_udp(local, *this);
        if (!opened) return opened.error();
        socket_ = std::move(*opened);
        secured_.emplace(network, std::move(session), [this] {
            secured_->on_time();
            progress();
        });
        secured_->start();
        if (secured_->session().state() == crypto::tls_state::failed)
            return make_error_code(boost::system::errc::protocol_not_supported);
        flush();
        secured_->arm();
        return {};
    }
    [[nodiscard]] const endpoint& local() const noexcept override { return socket_->local(); }
    [[nodiscard]] bool is_open() const noexcept override { return open_; }
    void send(byte_view message) override {
        if (!open_ || !secured_->session().write(message)) ++dropped_;
        flush();
    }
    void send(net::send_batch& batch, std::size_t header, std::size_t size) override {
        send(byte_view(batch.header(header).data(), header + size));
    }
    [[nodiscard]] std::uint64_t send_dropped() const noexcept override {
        return dropped_ + socket_->stats().send_dropped;
    }

  private:
    void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
        const std::weak_ptr<bool> alive = alive_;
        for (const auto& one : batch) {
            if (one.source != server_) continue;
            secured_->input(one.data);
            progress();
            if (alive.expired()) return;
        }
    }
    /// This may be gone afterwards.
    void progress() {
        const std::weak_ptr<bool> alive = alive_;
        if (!events()) return;
        std::array<std::byte, 2048> room;
        while (const auto size = secured_->session().poll_read(room)) {
            const net::datagram one{byte_span(room).first(size), server_};
            user_.on_link_packets(std::span(&one, 1));
            if (alive.expired()) return;
        }
        if (!events()) return; // what was read may have been the end
        flush();
        secured_->arm();
    }
    /// False when this is gone.
    bool events() {
        const std::weak_ptr<bool> alive = alive_;
        while (auto event = secured_->session().poll_event()) {
            flush(); // an alert
            std::visit(overloaded{[this](const crypto::tls_connected&) { opened(); },
                                  [this](const crypto::tls_closed&) { end("the server has ended DTLS"); },
                                  [this](const crypto::tls_failed& why) { end(why.message); }},
                       *event);
            if (alive.expired()) return false;
        }
        return true;
    }
    void opened() {
        open_ = true;
        user_.on_link_open();
    }
    void end(const std::string& why) {
        open_ = false;
        if (!std::exchange(ended_, true)) user_.on_link_ended(why);
    }
    void flush() {
        std::array<std::byte, 2048> room;
        while (const auto size = secured_->session().poll_transmit(room)) {
            const net::outgoing one{byte_view(room).first(size), server_};
            socket_->send(std::span(&one, 1));
        }
    }
    void shutdown() noexcept {
        try {
            if (!secured_) return;
            secured_->session().shutdown();
            flush();
        } catch (...) { // no memory for it: then without a farewell
        }
    }

    endpoint server_;
    server_link_user& user_;
    std::optional<secured> secured_;
    std::unique_ptr<net::udp_socket> socket_;
    bool open_ = false, ended_ = false;
    std::uint64_t dropped_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

template <class Link, class... Args>
result<std::unique_ptr<server_link>> opened_link(std::unique_ptr<Link> made, Args&&... args) {
    if (const auto error = made->open(std::forward<Args>(args)...)) return error;
    return std::unique_ptr<server_link>(std::move(made));
}

} // namespace detail

CORTC_DECL result<std::unique_ptr<server_link>> open_server_link(net::network& network, const endpoint& local,
                                                                 const server_link_options& options,
                                                                 server_link_user& user) {
    const auto& server = options.server;
    const bool secure =
        options.transport == server_transport::tls || options.transport == server_transport::dtls;
    if (secure && !options.session) return make_error_code(boost::system::errc::protocol_not_supported);
    switch (options.transport) {
    case server_transport::udp:
        return detail::opened_link(std::make_unique<detail::udp_link>(server, user), network, local);
    case server_transport::dtls:
        return detail::opened_link(std::make_unique<detail::dtls_link>(server, user), network, local,
                                   options.session);
    default:
        return detail::opened_link(std::make_unique<detail::stream_link>(server, user), network, local,
                                   secure ? options.session : nullptr);
    }
}

} // namespace cortc::ice
