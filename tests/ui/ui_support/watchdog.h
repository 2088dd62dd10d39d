// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QApplication>
#include <QThread>

#include <ctime>

namespace headroom::test {

/// Measures every handler of the GUI thread in CPU time of that thread: waiting and a busy machine do not count.
class WatchedApplication : public QApplication {
public:
    using QApplication::QApplication;

    struct Worst {
        double milliseconds = 0;
        QString handler;
    };
    static WatchedApplication* instance() { return static_cast<WatchedApplication*>(QCoreApplication::instance()); }
    void startWatching() { m_worst = {}; m_watching = true; }
    Worst stopWatching() { m_watching = false; return m_worst; }

    bool notify(QObject* receiver, QEvent* event) override {
        const bool ours = QThread::currentThread() == thread();
        if (!ours || !m_watching || m_depth > 0) return QApplication::notify(receiver, event);
        const QString name = QStringLiteral("%1 event %2").arg(QLatin1String(receiver->metaObject()->className())).arg(int(event->type()));
        const double before = cpuMilliseconds();
        ++m_depth;
        const bool done = QApplication::notify(receiver, event);
        --m_depth;
        const double spent = cpuMilliseconds() - before;
        if (spent > m_worst.milliseconds) m_worst = {spent, name};
        return done;
    }

private:
    static double cpuMilliseconds() {
        timespec now{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return double(now.tv_sec) * 1e3 + double(now.tv_nsec) * 1e-6;
    }
    bool m_watching = false;
    int m_depth = 0;
    Worst m_worst;
};

}  // namespace headroom::test
