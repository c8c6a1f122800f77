#include "targets.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

/// corpus TARGET FOLDER...: what a fuzzer would call, once for each file. Says which file it is at: the last
/// one named is that of a failure.
int main(int count, char** arguments) {
    const std::vector<std::string_view> all(arguments + 1, arguments + count);
    if (all.size() < 2) return 2;
    const auto* target = std::ranges::find(cortc::fuzz::targets, all.front(), &cortc::fuzz::target::name);
    if (target == std::end(cortc::fuzz::targets)) return 2;
    std::size_t inputs = 0;
    for (std::size_t i = 1; i < all.size(); ++i) {
        std::vector<std::filesystem::path> files;
        for (const auto& each : std::filesystem::directory_iterator(all[i]))
            if (each.is_regular_file()) files.push_back(each.path());
        std::ranges::sort(files);
        for (const auto& path : files) {
            std::printf("%s\n", path.c_str());
            std::fflush(stdout);
            std::ifstream file(path, std::ios::binary);
            const std::vector<char> data{std::istreambuf_iterator<char>(file), {}};
            if (target->run(reinterpret_cast<const std::uint8_t*>(data.data()), data.size()) != 0) return 1;
            ++inputs;
        }
    }
    std::printf("%zu inputs\n", inputs);
    return inputs == 0; // a corpus that is gone tests nothing
}
