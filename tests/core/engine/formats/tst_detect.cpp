// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "core/engine/formats/refusal.h"
#include "engine/formats/dataset.h"
#include "engine/formats/detect.h"
#include "engine/formats/safetensors.h"
#include "support/data.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using namespace headroom::test;

class TestDetect : public QObject {
    Q_OBJECT

    TemporaryFolder m_folder;

    std::filesystem::path file(std::string_view name, std::string_view bytes) { return m_folder.write(name, bytes); }

    /// The local header of a stored ZIP entry that claims `bytes` of data.
    static std::string zipEntry(const std::string& name, std::uint32_t bytes) {
        std::string header("PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0", 18);
        header.append(reinterpret_cast<const char*>(&bytes), 4).append(reinterpret_cast<const char*>(&bytes), 4);
        header += static_cast<char>(name.size());
        return header + std::string(3, '\0') + name;
    }

private Q_SLOTS:
    void pathsThatHoldNothingReadableAreRefused() {
        const auto folder = m_folder.path();
        EXPECT_REFUSED([&] { readDataset(folder / "missing"); }, "DAT-04", "missing|there is no such file or folder");
        ::mkfifo((folder / "pipe.csv").c_str(), 0600);
        EXPECT_REFUSED([&] { readDataset(folder / "pipe.csv"); }, "DAT-04", "a pipe");
        EXPECT_REFUSED([&] { File file(folder / "pipe.csv"); }, "DAT-04", "not a regular file");
        EXPECT_REFUSED([&] { readDataset("/dev/zero"); }, "DAT-04", "a device");
        std::filesystem::create_directory(folder / "empty");
        EXPECT_REFUSED([&] { readDataset(folder / "empty"); }, "DAT-04", "no known format|0 entries|.csv");
        file("pictures/a.png", "\x89PNG");
        EXPECT_REFUSED([&] { readDataset(folder / "pictures"); }, "IMG-07", "no class folders|subfolders are the classes");
        const auto noise = file("noise.dat", std::string("\1\2\0\xFF\xFE", 5));
        EXPECT_REFUSED([&] { readDataset(noise); }, "DAT-04", "no known format");
    }
    void socketsAreRefused() {
        const std::string path = (m_folder.path() / "socket").string();
        const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        QCOMPARE(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_REFUSED([&] { readDataset(path); }, "DAT-04", "a socket");
        ::close(descriptor);
    }
    void aFolderOfSeveralTablesAsksForOne() {
        file("tables/a.csv", "x,y\n1,2\n");
        QCOMPARE(readDataset(m_folder.path() / "tables").kind, Kind::Table);
        file("tables/b.csv", "x,y\n1,2\n");
        EXPECT_REFUSED([&] { readDataset(m_folder.path() / "tables"); }, "DAT-04", "a.csv and 1 more|Choose one");
    }
    void linksOutOfTheFolderAreRefusedLinksInsideAreFollowed() {
        const auto folder = m_folder.path() / "links";
        file("outside.csv", "x,y\n1,2\n");
        std::filesystem::create_directory(folder);
        std::filesystem::create_symlink("../outside.csv", folder / "data.csv");
        EXPECT_REFUSED([&] { readDataset(folder); }, "DAT-04", "link leaves the dataset folder");
        std::filesystem::remove(folder / "data.csv");
        file("links/inner/real", "x,y\n1,2\n");
        std::filesystem::create_symlink("inner/real", folder / "data.csv");
        QCOMPARE(readDataset(folder).kind, Kind::Table);
        std::filesystem::create_directory_symlink(folder, m_folder.path() / "entry");
        QCOMPARE(readDataset(m_folder.path() / "entry").kind, Kind::Table);
    }
    void listsBesidePicturesAreNoTables() {
        for (const char* name : {"photos/ants/1.jpg", "photos/bees/2.jpg", "photos/labels.csv", "photos/README.txt", "one/ants/1.jpg", "one/labels.csv", "parts/train/ants/1.png", "parts/a.csv"})
            file(name, "x,y\n1,2\n");
        QCOMPARE(detect(m_folder.path() / "photos").format, Format::PictureFolder);
        QCOMPARE(detect(m_folder.path() / "parts").format, Format::PictureFolder);
        QCOMPARE(detect(m_folder.path() / "one").format, Format::Csv);  // a table with a folder of plots
    }
    void filesWithoutAKnownNameAreJudgedByContent() {
        QCOMPARE(detect(file("iris.data", "5.1,3.5,a\n4.9,3.0,a\n")).format, Format::Csv);
        QCOMPARE(detect(file("README", "To be, or not to be.\nThat is the question.\n")).format, Format::Text);
        QCOMPARE(detect(file("comma.txt", "a,b\nc,d\n")).format, Format::Text);
        QCOMPARE(detect(file("upper.CSV", "a,b\n1,2\n")).format, Format::Csv);
    }
    void namesWithControlCharactersAreShownEscaped() {
        EXPECT_REFUSED([&] { readDataset(m_folder.path() / "a\nb\x1B[31m"); }, "DAT-04", "a\\x0Ab\\x1B[31m");
    }

    void row77PicklesAndTorchScriptAreNeverOpened() {
        REQUIRE_PYTHON();
        const QString folder = QString::fromStdString(m_folder.path().string());
        const QString made = python(
            "import sys, pickle, zipfile, numpy\n"
            "d = sys.argv[1] + '/'\n"
            "weights = pickle.dumps({'w': [0.0] * 3}, protocol=2)\n"
            "def archive(name, entries):\n"
            "    with zipfile.ZipFile(d + name, 'w') as z:\n"
            "        for entry, data in entries.items(): z.writestr(entry, data)\n"
            "archive('new.pt', {'archive/data.pkl': weights, 'archive/data/0': b'0' * 200000, 'archive/version': "
            "b'3'})\n"
            "archive('script.pt', {'net/code/__torch__.py': b'#' * 200000, 'net/constants.pkl': weights})\n"
            "magic = pickle.dumps(0x1950a86a20f9469cfc6c, protocol=2)\n"  // torch.serialization.MAGIC_NUMBER
            "open(d + 'legacy.pt', 'wb').write(magic + pickle.dumps(1001, protocol=2) + weights)\n"
            "numpy.savez(d + 'objects.npz', a=numpy.array([{}, 1], dtype=object))\n",
            {folder});
        QVERIFY2(!made.startsWith("failed"), qPrintable(made));
        std::filesystem::copy(m_folder.path() / "new.pt", m_folder.path() / "renamed.safetensors");
        for (const char* name : {"new.pt", "legacy.pt", "script.pt", "objects.npz", "renamed.safetensors"}) {
            const auto path = m_folder.path() / name;
            EXPECT_REFUSED([&] { readDataset(path); }, "PKL-01",
                           "contains Python pickle/TorchScript program code|Convert with: python");
            EXPECT_REFUSED([&] { SafetensorsFile opened(path); }, "PKL-01", name);
        }
    }
    void row78ArchivesThatClaimGigabytes() {
        std::string poc = zipEntry("archive/data.pkl", 2'200'000'000u) + "\x80\x02}q";
        poc.resize(1843, '\0');
        EXPECT_REFUSED([&] { SafetensorsFile opened(file("poc.pt", poc)); }, "PKL-01", "poc.pt");
        const auto large = file("large.pt", zipEntry("archive/constants.pkl", 0xFFFFFFFFu));
        makeSparse(large, std::uint64_t{226} << 30);
        const double before = cpuSeconds();
        EXPECT_REFUSED([&] { readDataset(large); }, "PKL-01", "large.pt");
        QVERIFY(cpuSeconds() - before < 0.5);
    }
    void aSafetensorsHeaderThatBeginsLikeAPickleIsNone() {
        std::string header = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
        header.resize(0x0280, ' ');
        const std::string bytes = std::string("\x80\x02\0\0\0\0\0\0", 8) + header + "x";
        QCOMPARE(SafetensorsFile(file("like.safetensors", bytes)).tensors().size(), std::size_t(1));
    }
};

HEADROOM_TEST(TestDetect)
#include "tst_detect.moc"
