// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <unistd.h>

#include <utility>

namespace headroom::process {

/// A file descriptor that closes itself; -1 = none.
class Descriptor {
public:
    explicit Descriptor(int value = -1) : m_value(value) {}
    ~Descriptor() { close(); }
    Descriptor(Descriptor&& other) noexcept : m_value(std::exchange(other.m_value, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(m_value, other.m_value);
        return *this;
    }

    int value() const { return m_value; }
    explicit operator bool() const { return m_value >= 0; }
    void close() {
        if (m_value >= 0) ::close(m_value);
        m_value = -1;
    }

private:
    int m_value;
};

}  // namespace headroom::process
