// SPDX-License-Identifier: Apache-2.0
#include "faults/store/faulty_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <new>

namespace headroom::test {
namespace {

std::atomic<Fault> g_fault{Fault::None};
std::atomic<int> g_left{0};
std::atomic<int> g_fired{0};

/// Our file: the methods table, then the real file right behind it.
struct File {
    sqlite3_file base;
    sqlite3_file* real;
};

sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real; }

bool strikes(Fault fault) {
    if (g_fault != fault) return false;
    if (g_left.fetch_sub(1) > 0) return false;
    ++g_fired;
    return true;
}

int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 at) {
    if (strikes(Fault::DiskFull)) return SQLITE_FULL;
    if (strikes(Fault::WriteError)) return SQLITE_IOERR_WRITE;
    return real(file)->pMethods->xWrite(real(file), bytes, count, at);
}
int sync(sqlite3_file* file, int flags) {
    if (strikes(Fault::SyncError)) return SQLITE_IOERR_FSYNC;
    return real(file)->pMethods->xSync(real(file), flags);
}
int sharedMap(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    if (strikes(Fault::NoSharedMemory)) return SQLITE_CANTOPEN;
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}

int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int read(sqlite3_file* f, void* b, int n, sqlite3_int64 at) { return real(f)->pMethods->xRead(real(f), b, n, at); }
int truncate(sqlite3_file* f, sqlite3_int64 size) { return real(f)->pMethods->xTruncate(real(f), size); }
int size(sqlite3_file* f, sqlite3_int64* out) { return real(f)->pMethods->xFileSize(real(f), out); }
int lock(sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); }
int unlock(sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); }
int reserved(sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); }
int control(sqlite3_file* f, int op, void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); }
int sector(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
int traits(sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
int sharedLock(sqlite3_file* f, int o, int n, int flags) { return real(f)->pMethods->xShmLock(real(f), o, n, flags); }
void sharedBarrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
int sharedUnmap(sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); }

const sqlite3_io_methods kMethods{2,          close,         read,        write,   truncate, sync,   size,
                                  lock,       unlock,        reserved,    control, sector,   traits, sharedMap,
                                  sharedLock, sharedBarrier, sharedUnmap, nullptr, nullptr};

sqlite3_vfs* original() { return sqlite3_vfs_find("unix"); }

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* outFlags) {
    auto* ours = new (file) File{};
    ours->real = reinterpret_cast<sqlite3_file*>(ours + 1);
    const int result = original()->xOpen(original(), name, ours->real, flags, outFlags);
    ours->base.pMethods = ours->real->pMethods != nullptr ? &kMethods : nullptr;
    return result;
}

sqlite3_vfs& ours() {
    static sqlite3_vfs vfs = [] {
        sqlite3_vfs copy = *original();
        copy.szOsFile += static_cast<int>(sizeof(File));
        copy.zName = FaultyVfs::kName;
        copy.pNext = nullptr;
        copy.xOpen = open;
        return copy;
    }();
    return vfs;
}

}  // namespace

FaultyVfs::FaultyVfs() {
    repair();
    sqlite3_vfs_register(&ours(), 0);
}

FaultyVfs::~FaultyVfs() { repair(); }

void FaultyVfs::fail(Fault fault, int operations) {
    g_fired = 0;
    g_left = operations;
    g_fault = fault;
}

void FaultyVfs::repair() { g_fault = Fault::None; }

int FaultyVfs::fired() const { return g_fired; }

}  // namespace headroom::test
