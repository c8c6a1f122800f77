#include "cortc/error.hpp"
#include "cortc/signaling/http.hpp"
#include "cortc/signaling/json.hpp"
#include "test/fuzz/input.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <set>
#include <string>

/// Messages as JSON, or (first byte 'h') what a client says to an HTTP server. That is over the loopback, for
/// the server has sockets of its own; nothing waits for a clock.
namespace cortc::fuzz {

namespace {

void read_json(std::string_view text) {
    const auto parsed = signaling::parse_json(text);
    if (!parsed) return require(!parsed.error().what.empty(), "a refusal has a reason");
    const auto written = signaling::to_json(*parsed);
    const auto again = signaling::parse_json(written);
    require(again && *again == *parsed, "a message is written and read again");
}

class http_scene {
  public:
    void run(input& from) {
        handled_ = 0;
        asio::ip::tcp::socket client(io_);
        client.connect(server_.local_endpoint());
        client.set_option(asio::socket_base::linger(true, 0)); // leaves no port behind
        client.non_blocking(true);
        std::string answer;
        boost::system::error_code error;
        while (!from.empty() && !error) {
            const auto part = from.take(1u + from.u16() % 4096);
            asio::write(client, asio::buffer(part.data(), part.size()), error);
            read(client, answer);
        }
        client.shutdown(asio::socket_base::shutdown_send, error);
        for (int i = 0; i < 20 && !read(client, answer); ++i) {
        }
        client.close();
        poll();
        check(answer);
    }

  private:
    static signaling::http_options options(std::size_t& handled) {
        signaling::http_options made;
        made.pages["/"] = {"text/html", "<p>here"};
        made.max_body_size = 2000;
        made.posts["/echo"] =
            [&handled](signaling::http_request request) -> asio::awaitable<signaling::http_response> {
            ++handled;
            require(request.body.size() <= 2000, "a body has its limit");
            co_return signaling::http_response(request.content_type, request.body);
        };
        made.posts["/offer"] =
            signaling::answer_offers([](SessionDescription offer) -> asio::awaitable<SessionDescription> {
                require(offer.type == SdpType::offer, "an offer is one");
                co_return SessionDescription(SdpType::answer, offer.sdp);
            });
        return made;
    }
    void poll() {
        if (io_.stopped()) io_.restart();
        while (io_.poll() != 0) {
        }
    }
    /// Whether the server has said all.
    bool read(asio::ip::tcp::socket& client, std::string& answer) {
        poll();
        for (std::array<char, 4096> space;;) {
            boost::system::error_code error;
            const auto size = client.read_some(asio::buffer(space), error);
            if (error == asio::error::would_block) return false;
            if (error) return true;
            answer.append(space.data(), size);
            poll();
        }
    }
    void check(std::string_view answer) const {
        require(handled_ <= 1, "a connection has one request");
        if (answer.empty()) return;
        require(answer.starts_with("HTTP/1."), "an answer is HTTP");
        static const std::set<std::string_view> statuses{"200", "204", "400", "403", "404", "405", "408",
                                                         "411", "413", "414", "415", "417", "426", "431",
                                                         "500", "501", "503", "505", "101", "100"};
        require(answer.size() > 12 && statuses.contains(answer.substr(9, 3)), "a status is known");
        require(answer.size() < 10000, "an answer is short");
        require(answer.substr(9, 3) != "500", "nothing fails for what a client says");
    }

    asio::io_context io_{1};
    std::size_t handled_ = 0;
    signaling::http_server server_{
        io_.get_executor(), {asio::ip::make_address("127.0.0.1"), 0}, options(handled_)};
};

} // namespace

} // namespace cortc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cortc::fuzz::input from(data, size);
    if (size != 0 && data[0] == 'h') {
        (void)from.u8();
        static auto* scene = new cortc::fuzz::http_scene; // for all inputs: it listens
        scene->run(from);
    } else {
        cortc::fuzz::read_json(cortc::as_text(from.rest()));
    }
    return 0;
}
