// SPDX-License-Identifier: Apache-2.0
#include "base/plan/device_model.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <vector>

#include "base/errors/error.h"
#include "base/errors/suggestion.h"

namespace headroom::plan {
namespace {

/// Not in a data sheet: a node takes a few launches of some 5 us. Taken for every GPU until its runs have said better.
constexpr double kNodeSeconds = 10e-6;

struct Gpu {
    std::string_view name;
    std::string_view driver;  ///< as NVML names it, without "NVIDIA"
    Bytes memory;             ///< MiB that the driver shows: with ECC in GDDR6 a sixteenth less than on the data sheet
    double bandwidth;         ///< GB/s
    double fp32, tf32, bf16;  ///< TFLOP/s, dense, bf16 with fp32 accumulation
    double watts;             ///< board power, TDP
    int capability;
};

// NVIDIA's data sheets and architecture papers: "GA102", "Ada" and "RTX Blackwell GPU Architecture" for GeForce and RTX, the
// products' own data sheets for the others; figures with sparsity halved. On GeForce a tensor core that adds up in fp32
// has half its rate: bf16 is twice, TF32 once the rate of fp32. Where only cores and boost clock are given, fp32 is
// 2 x cores x clock.
constexpr auto kGpus = std::to_array<Gpu>({
    {"GTX 1080 Ti", "GeForce GTX 1080 Ti", 11264, 484, 11.3, 0, 0, 250, 61},
    {"RTX 3060 12GB", "GeForce RTX 3060", 12288, 360, 12.7, 12.7, 25.5, 170, 86},
    {"RTX 3070", "GeForce RTX 3070", 8192, 448, 20.3, 20.3, 40.6, 220, 86},
    {"RTX 3080", "GeForce RTX 3080", 10240, 760, 29.8, 29.8, 59.5, 320, 86},
    {"RTX 3090", "GeForce RTX 3090", 24576, 936, 35.6, 35.6, 71, 350, 86},
    {"RTX 4060", "GeForce RTX 4060", 8188, 272, 15.1, 15.1, 30.2, 115, 89},
    {"RTX 4060 Ti 8GB", "GeForce RTX 4060 Ti", 8188, 288, 22.1, 22.1, 44.1, 160, 89},
    {"RTX 4060 Ti 16GB", "GeForce RTX 4060 Ti", 16380, 288, 22.1, 22.1, 44.1, 165, 89},
    {"RTX 4070", "GeForce RTX 4070", 12282, 504, 29.1, 29.1, 58.3, 200, 89},
    {"RTX 4080", "GeForce RTX 4080", 16376, 716.8, 48.7, 48.7, 97.5, 320, 89},
    {"RTX 4090", "GeForce RTX 4090", 24564, 1008, 82.6, 82.6, 165.2, 450, 89},
    {"RTX 5070", "GeForce RTX 5070", 12227, 672, 30.9, 30.9, 61.7, 250, 120},
    {"RTX 5080", "GeForce RTX 5080", 16303, 960, 56.3, 56.3, 112.6, 360, 120},
    {"RTX 5090", "GeForce RTX 5090", 32607, 1792, 104.8, 104.8, 209.5, 575, 120},
    {"RTX 6000 Ada", "RTX 6000 Ada Generation", 49140, 960, 91.1, 182.1, 364.2, 300, 89},
    {"V100 PCIe 16GB", "Tesla V100-PCIE-16GB", 16384, 900, 14, 0, 0, 250, 70},
    {"V100 PCIe 32GB", "Tesla V100-PCIE-32GB", 32768, 900, 14, 0, 0, 250, 70},
    {"V100 SXM2 16GB", "Tesla V100-SXM2-16GB", 16384, 900, 15.7, 0, 0, 300, 70},
    {"V100 SXM2 32GB", "Tesla V100-SXM2-32GB", 32768, 900, 15.7, 0, 0, 300, 70},
    {"T4", "Tesla T4", 15360, 300, 8.1, 0, 0, 70, 75},
    {"A10", "A10", 23028, 600, 31.2, 62.5, 125, 150, 86},
    {"A30", "A30", 24576, 933, 10.3, 82, 165, 165, 80},
    {"A40", "A40", 46068, 696, 37.4, 74.8, 149.7, 300, 86},
    {"A100 PCIe 40GB", "A100-PCIE-40GB", 40960, 1555, 19.5, 156, 312, 250, 80},
    {"A100 SXM 40GB", "A100-SXM4-40GB", 40960, 1555, 19.5, 156, 312, 400, 80},
    {"A100 PCIe 80GB", "A100 80GB PCIe", 81920, 1935, 19.5, 156, 312, 300, 80},
    {"A100 SXM 80GB", "A100-SXM4-80GB", 81920, 2039, 19.5, 156, 312, 400, 80},
    {"L4", "L4", 23034, 300, 30.3, 60, 121, 72, 89},
    {"L40S", "L40S", 46068, 864, 91.6, 183, 362, 350, 89},
    {"H100 PCIe", "H100 PCIe", 81559, 2000, 51, 378, 756, 350, 90},
    {"H100 SXM", "H100 80GB HBM3", 81559, 3350, 67, 494.5, 989.5, 700, 90},
    {"H200", "H200", 143771, 4800, 67, 494.5, 989.5, 700, 90},
});

/// PCI Express as the generations brought it: x16 of 3.0 (15.75 GB/s), 4.0 (31.5) and 5.0 (63), of which copies reach about
/// four fifths. Boards with fewer lanes are not told apart.
double busOf(int capability) {
    constexpr double kReached = 0.8;
    if (capability >= 90) return kReached * 63e9;
    return kReached * (capability >= 80 ? 31.5e9 : 15.75e9);
}

DeviceModel modelOf(const Gpu& gpu) {
    DeviceModel model;
    model.name = gpu.name;
    model.kind = graph::DeviceKind::Cuda;
    model.memory = gpu.memory * kMiB;
    model.bandwidth = gpu.bandwidth * 1e9;
    model.fp32 = gpu.fp32 * 1e12;
    model.tf32 = gpu.tf32 * 1e12;
    model.bf16 = gpu.bf16 * 1e12;
    model.watts = gpu.watts;
    model.nodeSeconds = kNodeSeconds;
    model.outside = busOf(gpu.capability);
    model.context = kCudaContext;
    model.capability = gpu.capability;
    return model;
}

/// Words in small letters, each behind a space, without those that every name could have: " rtx 4090".
std::string words(std::string_view name) {
    std::string all, word;
    const auto endWord = [&] {
        const bool says = word != "nvidia" && word != "geforce" && word != "tesla" && word != "generation";
        if (!word.empty() && says) all += " " + word;
        word.clear();
    };
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)))
            word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        else
            endWord();
    }
    endWord();
    return all;
}

/// Without spaces: "rtx4090".
std::string joined(const std::string& words) {
    std::string text = words;
    std::erase(text, ' ');
    return text;
}

/// Whether some first words of the name are exactly `asked`.
bool beginsWith(std::string_view name, const std::string& asked) {
    const std::string all = words(name) + " ";
    for (std::size_t end = all.find(' ', 1); end != std::string::npos; end = all.find(' ', end + 1))
        if (joined(all.substr(0, end)) == asked) return true;
    return false;
}

/// Names that hold what was asked for, else those a typing error away.
std::vector<std::string_view> near(const std::string& asked) {
    std::vector<std::string_view> names;
    if (asked.empty()) return names;
    for (const Gpu& gpu : kGpus)
        if (joined(words(gpu.name)).find(asked) != std::string::npos) names.push_back(gpu.name);
    for (std::size_t edits = 1; names.empty() && edits <= 2; ++edits)
        for (const Gpu& gpu : kGpus)
            if (editDistance(asked, joined(words(gpu.name))) == edits) names.push_back(gpu.name);
    return names;
}

std::string allNames() {
    std::string text;
    for (const Gpu& gpu : kGpus) text += (text.empty() ? "" : ", ") + std::string(gpu.name);
    return text;
}

}  // namespace

std::span<const DeviceModel> deviceModels() {
    static const std::vector<DeviceModel> models = [] {
        std::vector<DeviceModel> all;
        for (const Gpu& gpu : kGpus) all.push_back(modelOf(gpu));
        return all;
    }();
    return models;
}

const DeviceModel& deviceModel(std::string_view name) {
    const std::string asked = joined(words(name));
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < kGpus.size(); ++i) {
        if (joined(words(kGpus[i].name)) == asked) return deviceModels()[i];
        if (beginsWith(kGpus[i].name, asked) || joined(words(kGpus[i].driver)) == asked) found.push_back(i);
    }
    if (found.size() == 1) return deviceModels()[found.front()];
    const std::string meant = didYouMean(near(asked));
    throw Error(Failure{Code::Dev03, "device", found.empty() ? "the table has none of that name" : "several have that name",
                        "\"" + escaped(name) + "\"", {}, meant.empty() ? "Known: " + allNames() + "." : meant});
}

DeviceModel modelOfGpu(std::string_view driverName, Bytes memory) {
    const std::string asked = joined(words(driverName));
    const Gpu* best = nullptr;
    for (const Gpu& gpu : kGpus) {
        if (joined(words(gpu.driver)) != asked) continue;
        const auto off = [memory](const Gpu& each) { return std::abs(each.memory * kMiB - memory); };
        if (!best || off(gpu) < off(*best)) best = &gpu;
    }
    DeviceModel model;
    if (best) model = modelOf(*best);
    if (!best) model.name = driverName;
    model.kind = graph::DeviceKind::Cuda;
    model.memory = memory;
    model.context = kCudaContext;
    return model;
}

}  // namespace headroom::plan
