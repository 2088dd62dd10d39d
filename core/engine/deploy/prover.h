// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/process/descriptor.h"
#include "base/process/scratch_folder.h"
#include "engine/data/raw_source.h"

namespace headroom::deploy {

/// headroom-prover, a process of its own in which another runtime runs an exported file. Samples go to it batch by batch, so
/// that neither side holds more than one.
class Prover {
public:
    struct Options {
        std::string precision = "f32";  ///< or default: what the runtime chooses
        bool measureCache = false;      ///< also how long loading a compiled model takes
        std::int64_t batch = 32;        ///< samples at a time; latency is that of 1 and of so many
    };
    /// Opens the file. Throws EXP-03 where the prover cannot be started or cannot run the file, ONX-01 to ONX-07 where it refuses the
    /// file itself.
    explicit Prover(const std::filesystem::path& model) : Prover(model, Options()) {}
    Prover(const std::filesystem::path& model, const Options& options);
    /// Of the arithmetic, as the runtime states it: "f32", "bf16".
    const std::string& precision() const { return m_precision; }
    /// The first output [rows, outputs] for such inputs [samples, ...] by their names; of a file of one input the name means nothing.
    /// Throws EXP-03.
    at::Tensor run(const std::vector<data::RawInput>& inputs);
    at::Tensor run(const at::Tensor& input) { return run(std::vector<data::RawInput>{{"input", input}}); }
    /// The same of a file that is to answer with `rows` rows of `outputs` numbers. Throws EXP-03 where it answers otherwise.
    at::Tensor run(const std::vector<data::RawInput>& inputs, std::int64_t rows, std::int64_t outputs);
    /// Ends it; its report: runtime, device, precision, latency ... Throws EXP-03.
    nlohmann::json report();

private:
    /// A process that ends with its owner.
    class Child {
    public:
        Child() = default;
        ~Child();
        Child(const Child&) = delete;
        Child& operator=(const Child&) = delete;
        void own(pid_t process) { m_process = process; }
        /// Until it has ended itself.
        void wait();

    private:
        pid_t m_process = 0;
    };

    nlohmann::json nextLine();

    std::filesystem::path m_model;
    process::ScratchFolder m_scratch;
    process::Descriptor m_orders, m_answers;
    Child m_child;
    std::string m_unread, m_precision;
};

/// Writes inputs under their names.
void writeSamples(const std::filesystem::path& file, const std::vector<data::RawInput>& inputs);

}  // namespace headroom::deploy
