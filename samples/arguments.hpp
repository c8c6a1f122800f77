#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

/// A sample's command line: "--name value" pairs, and one word without a name. What is wrong with it is
/// thrown as std::invalid_argument.
class arguments {
  public:
    arguments(int argc, char** argv) {
        for (int i = 1; i < argc; ++i) {
            const std::string_view given = argv[i];
            if (!given.starts_with("--")) {
                if (!word_.empty()) throw std::invalid_argument("one address is enough");
                word_ = given;
                continue;
            }
            if (i + 1 == argc) throw std::invalid_argument(std::string(given) + ": its value is missing");
            named_[std::string(given)] = argv[++i];
        }
    }

    /// What stands without a name; empty: nothing.
    [[nodiscard]] const std::string& word() const { return word_; }
    [[nodiscard]] std::string text(const std::string& name, std::string otherwise) {
        const auto found = named_.extract(name);
        return found ? found.mapped() : std::move(otherwise);
    }
    template <class Number>
    [[nodiscard]] Number number(const std::string& name, Number otherwise, Number least, Number most) {
        const auto given = text(name, std::to_string(otherwise));
        Number value{};
        const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
        if (error != std::errc() || end != given.data() + given.size() || value < least || value > most)
            throw std::invalid_argument(name + ": is a number of " + std::to_string(least) + ".." +
                                        std::to_string(most));
        return value;
    }
    /// All that there is has been asked for.
    void end() const {
        if (!named_.empty()) throw std::invalid_argument(named_.begin()->first + ": there is no such option");
    }

  private:
    std::map<std::string, std::string> named_;
    std::string word_;
};
