// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Runs a libFuzzer target where the compiler has no libFuzzer: every file of a folder, and then
// that many random changes of them, the same on each run. No coverage guides it.
//
//     fuzz-jitter CORPUS_FOLDER RUNS
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kLongestInput = 4096;

std::vector<Input> read_folder(const char* folder) {
    std::vector<Input> inputs;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream file(entry.path(), std::ios::binary);
        inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return inputs;
}

void change(Input& input, std::mt19937& random) {
    if (input.empty())
        input.push_back(0);
    const std::size_t at = random() % input.size();
    const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random() % 5) {
    case 0:
        *place = static_cast<std::uint8_t>(random());
        break;
    case 1:
        *place ^= static_cast<std::uint8_t>(1 << random() % 8);
        break;
    case 2:
        input.erase(place);
        break;
    case 3:
        input.insert(place, static_cast<std::uint8_t>(random()));
        break;
    default: {
        const Input tail(place, input.end());
        input.insert(input.end(), tail.begin(), tail.end());
        break;
    }
    }
    if (input.size() > kLongestInput)
        input.resize(kLongestInput);
}

void run(const Input& input) {
    LLVMFuzzerTestOneInput(input.data(), input.size());
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s CORPUS_FOLDER RUNS\n", argv[0]);
        return 2;
    }
    const std::vector<Input> corpus = read_folder(argv[1]);
    if (corpus.empty()) {
        std::fprintf(stderr, "%s has no files to start from\n", argv[1]);
        return 2;
    }
    for (const Input& input : corpus)
        run(input);
    std::mt19937 random(1);
    const long runs = std::strtol(argv[2], nullptr, 10);
    for (long i = 0; i < runs; ++i) {
        Input input = corpus[random() % corpus.size()];
        for (unsigned changes = 1 + random() % 8; changes > 0; --changes)
            change(input, random);
        run(input);
    }
    std::printf("%zu files and %ld changes of them\n", corpus.size(), runs);
    return 0;
}
