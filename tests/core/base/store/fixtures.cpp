// SPDX-License-Identifier: Apache-2.0
#include "core/base/store/fixtures.h"

#include <sqlite3.h>

#include <QtTest>

namespace headroom::test {

store::RunFolder Stage::makeRun(const std::string& name) const {
    const auto id = store::createRun(
        project, R"({"name":"fmnist","data":{"path":"/data/fashion-mnist"},"model":{"arch":"cnn"},"device":"cpu"})",
        {.name = name, .parent = {}, .relation = {}});
    return project.run(id);
}

store::Moment at(std::int64_t step) {
    const auto number = static_cast<double>(step);
    return store::Moment{step, number / 100, step * 32, 1.7e9 + number * 0.01};
}

void tamper(const std::filesystem::path& file, const std::string& sql) {
    sqlite3* database = nullptr;
    QCOMPARE(sqlite3_open(file.c_str(), &database), SQLITE_OK);
    QCOMPARE(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
}

std::string answer(const std::filesystem::path& file, const std::string& sql) {
    std::string text;
    sqlite3* database = nullptr;
    sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_exec(
        database, sql.c_str(),
        [](void* out, int, char** values, char**) {
            *static_cast<std::string*>(out) = values[0] != nullptr ? values[0] : "";
            return 1;
        },
        &text, nullptr);
    sqlite3_close(database);
    return text;
}

}  // namespace headroom::test
