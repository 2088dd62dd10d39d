// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <QString>

#include <string>
#include <vector>

#include "base/errors/error.h"

namespace headroom::test {

/// What `call` refuses; empty where it refuses nothing.
template <class Call>
std::vector<Failure> refusal(Call call) {
    try {
        call();
        return {};
    } catch (const Error& error) {
        return error.failures();
    }
}

inline QString sentences(const std::vector<Failure>& failures) {
    QString text;
    for (const Failure& failure : failures) {
        const std::string_view code = info(failure.code).text;
        text += QString::fromUtf8(code.data(), static_cast<qsizetype>(code.size())) + " ";
        text += QString::fromStdString(failure.sentence()) + "\n";
    }
    return text;
}

}  // namespace headroom::test
