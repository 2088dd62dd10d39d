// SPDX-License-Identifier: Apache-2.0
#include "app/headroom.h"

#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>

#include <csignal>
#include <fstream>

namespace headroom::test {
namespace {

constexpr int kTimeoutMs = 120'000;
constexpr int kPictures = 200;

void putNumber(std::string& bytes, unsigned number) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(number >> shift));
}

/// Class 0 is bright on the left, class 1 on the right; a little noise keeps gradients alive.
std::string picturesFile() {
    std::string bytes;
    putNumber(bytes, 0x00000803);
    putNumber(bytes, kPictures);
    putNumber(bytes, 8);
    putNumber(bytes, 8);
    unsigned state = 12345;
    for (int picture = 0; picture < kPictures; ++picture)
        for (int pixel = 0; pixel < 64; ++pixel) {
            state = state * 1664525U + 1013904223U;
            const bool bright = (pixel % 8 < 4) == (picture % 2 == 0);
            bytes.push_back(static_cast<char>((bright ? 150 : 20) + (state >> 24) % 80));
        }
    return bytes;
}

std::string labelsFile() {
    std::string bytes;
    putNumber(bytes, 0x00000801);
    putNumber(bytes, kPictures);
    for (int picture = 0; picture < kPictures; ++picture) bytes.push_back(static_cast<char>(picture % 2));
    return bytes;
}

}  // namespace

QString programs() { return qEnvironmentVariable("HEADROOM_BIN"); }
bool isBuilt(const QString& program) { return QFileInfo::exists(programs() + "/" + program); }

QJsonValue at(QJsonValue value, const QString& path) {
    for (const QString& part : path.split('.')) value = value.isArray() ? value.toArray().at(part.toInt()) : value.toObject().value(part);
    return value;
}

QList<QJsonObject> Outcome::lines() const {
    QList<QJsonObject> all;
    for (const QByteArray& line : output.split('\n'))
        if (!line.isEmpty()) all << QJsonDocument::fromJson(line).object();
    return all;
}

Headroom::Headroom() : m_environment(QProcessEnvironment::systemEnvironment()) {
    for (const char* name : {"HEADROOM_PROJECT", "WORLD_SIZE", "XDG_DATA_HOME", "NO_COLOR"}) m_environment.remove(name);
    m_environment.insert("HEADROOM_HOME", QString::fromStdString(home().string()));
    m_folder.write("pictures/train-images-idx3-ubyte", picturesFile());
    m_folder.write("pictures/train-labels-idx1-ubyte", labelsFile());
}

Headroom::~Headroom() {
    if (!std::filesystem::exists(home() / "default" / "runs")) return;
    for (const QJsonValue& run : this->run({"runs", "--json"}).list())
        if (const QJsonValue pid = at(run, "pid"); pid.isDouble()) ::kill(static_cast<pid_t>(pid.toInteger()), SIGKILL);
}

std::unique_ptr<QProcess> Headroom::start(const QStringList& arguments, const QString& cgroup) const {
    auto process = std::make_unique<QProcess>();
    process->setProcessEnvironment(m_environment);
    process->setStandardInputFile(QProcess::nullDevice());
    const QString program = programs() + "/headroom";
    if (cgroup.isEmpty())
        process->start(program, arguments);
    else
        process->start("/bin/sh", QStringList{"-c", "echo $$ > \"$0\"/cgroup.procs && exec \"$@\"", cgroup, program} + arguments);
    process->waitForStarted(kTimeoutMs);
    return process;
}

Outcome Headroom::finish(QProcess& process) {
    const bool ended = process.state() == QProcess::NotRunning || process.waitForFinished(kTimeoutMs);
    Outcome outcome;
    if (ended && process.exitStatus() == QProcess::NormalExit) outcome.status = process.exitCode();
    outcome.output = process.readAllStandardOutput();
    outcome.error = process.readAllStandardError();
    if (!ended) process.kill();
    return outcome;
}

Outcome Headroom::run(const QStringList& arguments) const { return finish(*start(arguments)); }

QJsonObject Headroom::awaitEvent(QProcess& process, const QString& event) {
    QElapsedTimer timer;
    timer.start();
    while (timer.elapsed() < kTimeoutMs) {
        while (process.canReadLine()) {
            const QJsonObject line = QJsonDocument::fromJson(process.readLine()).object();
            if (line["event"].toString() == event) return line;
        }
        if (process.state() == QProcess::NotRunning) return {};
        process.waitForReadyRead(100);
    }
    return {};
}

QString Headroom::makeConfig(const QString& name, const QJsonObject& train) const {
    QJsonObject members{{"epochs", 2}, {"batch_size", 32}, {"optimizer", QJsonObject{{"lr", 0.01}}}};
    for (auto member = train.begin(); member != train.end(); ++member) members[member.key()] = member.value();
    const QJsonObject document{{"name", name},
                               {"data", QJsonObject{{"path", "pictures"}}},
                               {"model", QJsonObject{{"arch", "mlp"}, {"dropout", 0.1}}},
                               {"train", members},
                               {"checkpoint", QJsonObject{{"every_steps", 20}}},
                               {"device", "cpu"}};
    const auto file = m_folder.write((name + ".json").toStdString(), QJsonDocument(document).toJson().toStdString());
    return QString::fromStdString(file.string());
}

QJsonObject Headroom::show(const QString& run) const { return this->run({"show", run, "--json"}).object(); }

void Headroom::strike(const QString& run, int signal) const {
    // Zero would be the test's whole group of processes.
    if (const auto pid = static_cast<pid_t>(show(run)["pid"].toInteger()); pid > 0) ::kill(pid, signal);
}

QJsonObject endless() { return {{"epochs", 1'000'000}}; }

}  // namespace headroom::test
