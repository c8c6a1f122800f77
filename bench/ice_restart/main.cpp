// cortc's part of the ICE restart benchmark (bench/README.md).
#include "bench/ice_restart/restart.hpp"
#include "samples/arguments.hpp"

#include <charconv>
#include <string_view>

namespace {

constexpr auto usage = "usage: ice_restart restart PAIRS COUNT [new | trickle | early]\n"
                       "       ice_restart simulated ROUND_TRIP_MS LOSS_PERCENT COUNT [early]\n"
                       "       ice_restart --peer ws://HOST:PORT/PATH [--count N] [--timeout MILLISECONDS]\n";

int number(const std::string& text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > 1000000)
        throw std::invalid_argument(text + ": is a number of 0..1000000");
    return value;
}
int positive(const std::string& text) {
    const int value = number(text);
    if (value == 0) throw std::invalid_argument("nothing is to be done");
    return value;
}

void run(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() >= 3 && words.size() <= 4 && words[0] == "restart") {
        const auto how = words.size() == 4 ? words[3] : "";
        if (words.size() == 4 && how != "new" && how != "trickle" && how != "early")
            throw std::invalid_argument(how + ": may be \"new\", \"trickle\" or \"early\"");
        bench::restart_on_loopback(positive(words[1]), positive(words[2]),
                                   how == "trickle" ? bench::candidates_go::trickle
                                                    : bench::candidates_go::in_description,
                                   how == "new", how == "early");
    } else if (words.size() >= 4 && words[0] == "simulated") {
        if (words.size() > 5 || (words.size() == 5 && words[4] != "early"))
            throw std::invalid_argument(words[4] + ": may be \"early\"");

        bench::restart_simulated(std::chrono::milliseconds(number(words[1])), number(words[2]) / 100.,
                                 positive(words[3]), words.size() == 5);
    } else {
        arguments given(argc, argv);
        const auto url = given.text("--peer", "");
        const auto count = given.number("--count", 100, 1, 1000000);
        const auto patience = std::chrono::milliseconds(given.number("--timeout", 10000, 1, 3600000));
        given.end();
        if (url.empty() || !given.word().empty()) throw std::invalid_argument("no command that there is");
        bench::restart_with_peer(url, count, patience);
    }
}

} // namespace

int main(int argc, char** argv) try { run(argc, argv); } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "%s\n%s", error.what(), usage);
    return 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
