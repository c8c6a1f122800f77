#include "test/unit/sdp/texts.hpp"

#include "test/support/catch.hpp"

#include <random>

using namespace cortc;
using namespace cortc::sdp::test;

namespace {

/// Deterministic damage to a description: bytes, lines and pieces of the grammar.
class mutator {
  public:
    explicit mutator(unsigned seed) : random_(seed) {}

    std::string operator()(std::string text) {
        for (auto rounds = 1 + below(4); rounds > 0; --rounds) text = once(std::move(text));
        return text;
    }

  private:
    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

    std::string once(std::string text) {
        static const std::vector<std::string> pieces{" ",
                                                     ":",
                                                     "/",
                                                     ";",
                                                     ",",
                                                     "=",
                                                     "~",
                                                     "*",
                                                     "-",
                                                     "0",
                                                     "1",
                                                     "65536",
                                                     "4294967296",
                                                     "18446744073709551616",
                                                     "\r\n",
                                                     "\n",
                                                     "\r",
                                                     std::string(1, '\0'),
                                                     "\xff",
                                                     "a=",
                                                     "m=",
                                                     "a=mid:",
                                                     "a=candidate:",
                                                     "send",
                                                     "recv",
                                                     "  "};
        const auto at = below(text.size() + 1);
        switch (below(7)) {
        case 0: // a byte becomes another
            if (at < text.size()) text[at] = static_cast<char>(random_());
            return text;
        case 1:
            return text.erase(at, below(20));
        case 2:
            return text.insert(at, pieces[below(pieces.size())]);
        case 3:
            return text.substr(0, text.size() - below(40));
        case 4: { // a line stands twice, the second time elsewhere
            const auto line = line_at(text, at);
            return text.insert(line_start(text, below(text.size() + 1)), line);
        }
        case 5: { // a line goes
            const auto line = line_at(text, at);
            return text.erase(line_start(text, at), line.size());
        }
        default: // a digit becomes another: still a number
            for (auto i = at; i < text.size(); ++i)
                if (text[i] >= '0' && text[i] <= '9') {
                    text[i] = static_cast<char>('0' + below(10));
                    break;
                }
            return text;
        }
    }

    static std::size_t line_start(const std::string& text, std::size_t at) {
        const auto before = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
        return before == std::string::npos ? 0 : before + 1;
    }
    static std::string line_at(const std::string& text, std::size_t at) {
        const auto start = line_start(text, at);
        const auto end = text.find('\n', start);
        return text.substr(start, end == std::string::npos ? end : end + 1 - start);
    }

    std::mt19937 random_;
};

} // namespace

TEST_CASE("damaged descriptions are refused with a line, or survive printing") {
    mutator damage(20261120);
    std::size_t accepted = 0, refused = 0;
    for (const auto& path : captures()) {
        const auto original = read(path);
        for (int i = 0; i < 400; ++i) {
            const auto text = damage(original);
            const auto parsed = sdp::parse(text);
            if (!parsed) {
                ++refused;
                const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
                if (parsed.error().line < 1 || parsed.error().line > lines + 1 ||
                    parsed.error().message.empty())
                    FAIL(path << ": line " << parsed.error().line << " " << parsed.error().message);
                continue;
            }
            ++accepted;
            const auto printed = sdp::print(*parsed);
            const auto again = sdp::parse(printed);
            INFO(text);
            if (!again)
                FAIL("printed, then refused: " << again.error().line << ": " << again.error().message);
            if (*again != *parsed || sdp::print(*again) != printed) FAIL("not stable");
        }
    }
    CHECK(accepted > 1000); // the damage is neither total
    CHECK(refused > 1000);  // nor harmless
}

TEST_CASE("damaged candidates are refused, or survive printing") {
    mutator damage(7);
    std::size_t accepted = 0, refused = 0;
    for (int i = 0; i < 5000; ++i) {
        const auto text =
            damage("candidate:3 1 tcp 1671430143 192.0.2.3 45687 typ srflx raddr 10.0.1.1 rport 9 tcptype "
                   "passive generation 0 ufrag YO1c network-cost 999");
        const auto parsed = sdp::parse_candidate(text);
        ++(parsed ? accepted : refused);
        if (!parsed) continue;
        const auto again = sdp::parse_candidate(sdp::print_candidate(*parsed));
        INFO(text);
        if (!again || *again != *parsed) FAIL("not stable");
    }
    CHECK(accepted > 500);
    CHECK(refused > 500);
}
