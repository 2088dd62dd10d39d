// SPDX-License-Identifier: Apache-2.0
#include "base/store/resume_terms.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/errors/error.h"
#include "base/store/atomic_file.h"
#include "base/store/documents.h"

namespace headroom::store {

void leaveTerms(const RunFolder& run, const ResumeTerms& terms) {
    writeAtomically(run.resumeTerms(), documentText({{"accept_changed_data", terms.acceptChangedData},
                                                     {"largest_micro_batch", terms.largestMicroBatch}}));
}

ResumeTerms takeTerms(const RunFolder& run) {
    std::error_code ignored;
    if (!std::filesystem::exists(run.resumeTerms(), ignored)) return {};
    const auto document = nlohmann::json::parse(readWhole(run.resumeTerms()), nullptr, false);
    std::filesystem::remove(run.resumeTerms(), ignored);
    if (!document.is_object()) return {};
    const auto largest = document.find("largest_micro_batch");
    const bool usable = largest != document.end() && largest->is_number_integer() && *largest > 0;
    return {flagAt(document, "accept_changed_data"), usable ? largest->get<std::int64_t>() : 0};
}

}  // namespace headroom::store
