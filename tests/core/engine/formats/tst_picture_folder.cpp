// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/picture_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/engine/formats/made_pictures.h"
#include "core/engine/formats/refusal.h"
#include "engine/formats/dataset.h"
#include "engine/formats/picture_files.h"
#include "support/data.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using namespace headroom::test;
namespace fs = std::filesystem;

namespace {

DataOptions sized(std::int64_t side) {
    DataOptions options;
    options.folder.wanted = {0, side, side};
    return options;
}

bool isSaid(const std::vector<std::string>& notes, const std::string& part) {
    return std::ranges::any_of(notes, [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

}  // namespace

class TestPictureFolder : public QObject {
    Q_OBJECT

    std::optional<TemporaryFolder> m_folder;

    fs::path path(const std::string& name = "data") const { return m_folder->path() / name; }
    void grey(const std::string& name, std::uint8_t brightness = 100, int width = 12, int height = 12) { m_folder->write("data/" + name, greyPng(width, height, brightness)); }
    void colour(const std::string& name, int width = 12, int height = 12) { m_folder->write("data/" + name, colourPng(width, height, 200, 30, 30)); }
    /// Two classes with so many pictures each.
    void makeTwo(int each = 2) {
        for (int k = 0; k < each; ++k) grey("ants/" + std::to_string(100 + k) + ".png", 10), grey("bees/" + std::to_string(100 + k) + ".png", 200);
    }

private Q_SLOTS:
    void init() { m_folder.emplace(); }

    void subfoldersAreTheClasses() {
        grey("bees/b.png", 200), grey("ants/x/deep.PNG", 11), grey("ants/a.png", 10), colour("Wasps/w.png");
        const RawDataset data = readDataset(path(), sized(8));
        QVERIFY(data.kind == Kind::Pictures && data.resized && !data.testPictures);
        QCOMPARE(data.classes, (std::vector<std::string>{"Wasps", "ants", "bees"}));
        QCOMPARE(data.pictures.labels, (std::vector<std::int32_t>{0, 1, 2, 1}));  // by turns
        QVERIFY(data.pictures.height == 8 && data.pictures.width == 8 && data.pictures.channels == 3);
        const auto first = [&](std::size_t picture) { return int(data.pictures.pixels[picture * 8 * 8 * 3]); };
        QVERIFY(first(0) == 200 && first(1) == 10 && first(2) == 200 && first(3) == 11);
    }
    void greyPicturesStayGreyOnlyAmongThemselves() {
        makeTwo();
        QCOMPARE(readDataset(path(), sized(8)).pictures.channels, 1);
        QCOMPARE(readDataset(path(), sized(8)).pictures.pixels.size(), std::size_t(4 * 64));
        DataOptions coloured = sized(8);
        coloured.folder.wanted.channels = 3;
        QCOMPARE(readDataset(path(), coloured).pictures.channels, 3);
        colour("bees/z.png");
        QCOMPARE(readDataset(path(), sized(8)).pictures.channels, 3);
        coloured.folder.wanted.channels = 1;
        QCOMPARE(readDataset(path(), coloured).pictures.channels, 1);
    }
    void partsAreFoundByTheirNames_data() {
        QTest::addColumn<QString>("validation");
        for (const char* name : {"val", "valid", "Validation", "test"}) QTest::newRow(name) << name;
    }
    void partsAreFoundByTheirNames() {
        QFETCH(QString, validation);
        const std::string held = validation.toStdString();
        grey("Train/ants/1.png"), grey("Train/ants/2.png"), grey("Train/bees/3.png"), grey(held + "/bees/4.png"), grey("more/5.png"), m_folder->write("data/notes.csv", "a,b\n1,2\n");
        DataOptions options = sized(8);
        const RawDataset data = readDataset(path(), options);
        QCOMPARE(data.classes, (std::vector<std::string>{"ants", "bees"}));
        QCOMPARE(data.pictures.count(), 3);
        QCOMPARE(data.testPictures->labels, std::vector<std::int32_t>{1});
        for (const char* part : {"no pictures of: ants", "notes.csv", "1 folder is left out beside the parts: more"}) QVERIFY2(isSaid(data.notes, part), part);
        options.limit = 2;
        QCOMPARE(readDataset(path(), options).pictures.labels, (std::vector<std::int32_t>{0, 1}));
    }
    void aTrainingPartAloneIsHeldOutFromLater() {
        grey("train/ants/1.png"), grey("train/bees/3.png");
        QVERIFY(!readDataset(path(), sized(8)).testPictures);
        QCOMPARE(readDataset(path(), sized(8)).classes.size(), std::size_t(2));
    }
    void aClassMayBeCalledTrain() {
        grey("train/1.png"), grey("car/1.png");
        QCOMPARE(readDataset(path(), sized(8)).classes, (std::vector<std::string>{"car", "train"}));
        grey("train/steam/1.png"), grey("train/electric/1.png");
        QCOMPARE(readDataset(path(), sized(8)).classes, (std::vector<std::string>{"car", "train"}));
    }
    void aClassOfTheValidationPartAloneIsRefused() {
        grey("train/ants/1.png"), grey("train/bees/3.png"), grey("val/wasps/1.png");
        EXPECT_REFUSED([&] { readDataset(path()); }, "DAT-01", "wasps");
    }
    void otherFilesAreNoted() {
        makeTwo();
        for (const char* name : {"ants/x.gif", "bees/Thumbs.db", "README.txt"}) m_folder->write("data/" + std::string(name), "GIF89a");
        m_folder->write("data/.cache/a.png", "x"), m_folder->write("data/ants/.DS_Store", "x");
        const RawDataset data = readDataset(path(), sized(8));
        QCOMPARE(data.pictures.count(), 4);
        for (const char* part : {"3 files are no pictures that are read: README.txt, x.gif, Thumbs.db", "2 hidden entries are left out: .cache, .DS_Store"})
            QVERIFY2(isSaid(data.notes, part), part);
    }
    void theSideIsTheUsualOneOrThatOfHalfThePictures() {
        grey("ants/1.png", 1, 30, 20), grey("bees/1.png", 1, 20, 40), grey("bees/2.png", 1, 300, 200);
        DataOptions options;
        RawDataset data = readDataset(path(), options);
        QVERIFY(data.pictures.height == 20 && data.pictures.width == 20);
        QVERIFY(isSaid(data.notes, "20 x 20 pixels (half of the pictures have a shorter side of 20 pixels or less)"));
        options.folder.wanted.usualSide = 16;
        data = readDataset(path(), options);
        QCOMPARE(data.pictures.width, 16);
        QVERIFY(isSaid(data.notes, "usual for this model"));
        options.folder.wanted = {0, 10, 14};
        data = readDataset(path(), options);
        QVERIFY(data.pictures.height == 10 && data.pictures.width == 14 && data.notes.empty());
    }
    void theNumberOfThreadsChangesNothing() {
        for (int k = 0; k < 20; ++k) grey((k % 2 ? "ants/" : "bees/") + std::to_string(k) + ".png", static_cast<std::uint8_t>(10 * k), 9 + k, 30 - k);
        DataOptions options = sized(8);
        const RawDataset one = readDataset(path(), options);
        options.folder.threads = 4;
        const RawDataset four = readDataset(path(), options);
        QCOMPARE(one.pictures.pixels, four.pictures.pixels);
        QCOMPARE(one.pictures.labels, four.pictures.labels);
    }

    void row31SidesTooLong() {
        makeTwo();
        DataOptions options = sized(8);
        options.folder.limits.image.maxSide = 11;
        EXPECT_REFUSED([&] { readDataset(path(), options); }, "IMG-01", "12 × 12|limit 11 a side|4 of 4");
    }
    void row32TooLargeDecoded() {
        makeTwo();
        DataOptions options = sized(8);
        options.folder.limits.image.maxDecoded = 400;
        EXPECT_REFUSED([&] { readDataset(path(), options); }, "IMG-02", "576 bytes decoded");
    }
    void row33AFewDamagedPicturesAreLeftOutMoreAreRefused() {
        makeTwo(60);
        const std::string whole = greyPng(12, 12, 1);
        m_folder->write("data/ants/100.png", whole.substr(0, whole.size() / 2));
        const RawDataset data = readDataset(path(), sized(8));
        QCOMPARE(data.pictures.count(), 119);
        QVERIFY(data.pictures.labels.front() == 1 && data.pictures.pixels.front() == 200 && data.pictures.pixels[64] == 10);  // those behind it moved up
        QVERIFY(isSaid(data.notes, "1 of 120 pictures cannot be read and is left out: 100.png (the picture is damaged)"));
        m_folder->write("data/bees/101.png", whole.substr(0, 70));
        EXPECT_REFUSED([&] { readDataset(path(), sized(8)); }, "DAT-02", "100.png|101.png|2 of 120|up to 1 %");
    }
    void row34WhatIsNoPictureBehindItsName() {
        makeTwo();
        m_folder->write("data/ants/x.png", "<svg width=\"4\"/>");
        EXPECT_REFUSED([&] { readDataset(path(), sized(8)); }, "IMG-03", "x.png|content is SVG");
    }
    void row35LinksOutOfTheFolder() {
        makeTwo();
        fs::create_symlink("/etc/passwd", path() / "ants/x.png");
        EXPECT_REFUSED([&] { readDataset(path()); }, "IMG-04", "x.png|link leaves the dataset folder");
        fs::remove(path() / "ants/x.png");
        m_folder->write("elsewhere/1.png", greyPng(9, 9, 1));
        fs::create_directory_symlink(path("elsewhere"), path() / "wasps");
        EXPECT_REFUSED([&] { readDataset(path()); }, "IMG-04", "wasps");
    }
    void linksInsideOfTheFolderAreFollowedButAPictureCountsOnce() {
        makeTwo();
        fs::create_directory_symlink(path(), path("entry"));
        fs::create_symlink("../bees/100.png", path() / "ants/link.png");
        const RawDataset data = readDataset(path("entry"), sized(8));
        QCOMPARE(data.pictures.count(), 4);
        QVERIFY(isSaid(data.notes, "1 link is to a picture that is in the folder already"));
        QCOMPARE(std::ranges::count(data.pictures.labels, 1), 2);  // of the class where it really lies
    }
    void aValidationPartThatIsTheTrainingPartIsRefused() {
        grey("train/ants/1.png"), grey("train/bees/3.png");
        fs::create_directory_symlink("train", path() / "val");
        EXPECT_REFUSED([&] { readDataset(path()); }, "IMG-10", "validation part has no pictures");
    }
    void readingEndsWhereItIsToldTo() {
        makeTwo();
        DataOptions options = sized(8);
        int asked = 0;
        options.folder.goesOn = [&asked] { return ++asked < 3; };
        QVERIFY_EXCEPTION_THROWN(readDataset(path(), options), headroom::Interrupted);
        QCOMPARE(asked, 3);
        options.folder.goesOn = [] { return true; };
        QCOMPARE(readDataset(path(), options).pictures.count(), 4);
    }
    void whatIsHiddenIsNotEvenLookedAt() {
        makeTwo();
        fs::create_symlink("nobody@nowhere", path() / "ants/.#1.png");
        fs::create_directory_symlink("/etc", path() / ".cache");
        ::mkfifo((path() / ".pipe").c_str(), 0600);
        QCOMPARE(readDataset(path(), sized(8)).pictures.count(), 4);
    }
    void row36LinksInACircle_data() {
        QTest::addColumn<QString>("link");
        QTest::addColumn<QString>("target");
        QTest::newRow("to itself") << "ants/x.png" << "x.png";
        QTest::newRow("to the folder itself") << "ants/again" << ".";
        QTest::newRow("to a folder above") << "ants/again" << "../..//data";
        QTest::newRow("to nothing") << "ants/x.png" << "missing.png";
    }
    void row36LinksInACircle() {
        QFETCH(QString, link);
        QFETCH(QString, target);
        makeTwo();
        fs::create_symlink(target.toStdString(), path() / link.toStdString());
        EXPECT_REFUSED([&] { readDataset(path()); }, "IMG-05", "link");
    }
    void row37PipesAreNeverOpened() {
        makeTwo();
        ::mkfifo((path() / "ants/a.png").c_str(), 0600);
        EXPECT_REFUSED([&] { readDataset(path()); }, "IMG-06", "a.png|a pipe");
    }
    void row38OneClassOnlyAndClassesWithoutPictures() {
        grey("ants/1.png");
        EXPECT_REFUSED([&] { readDataset(path()); }, "IMG-07", "ants|at least 2 needed|subfolders are the classes");
        grey("bees/1.png"), m_folder->write("data/wasps/x.gif", "GIF89a");
        EXPECT_REFUSED([&] { readDataset(path()); }, "IMG-10", "wasps|no .png, .jpg or .jpeg file");
        fs::remove_all(path());
        grey("1.png");
        EXPECT_REFUSED([&] { readDataset(path()); }, "IMG-07", "no class folders");
    }
    void aModelsOwnClassesNeedNotAllBeThere() {
        grey("ants/1.png");
        DataOptions options = sized(8);
        options.folder.leastClasses = 1;
        QCOMPARE(readDataset(path(), options).classes.size(), std::size_t(1));
    }
    void row41APictureThatIsGoneSinceTheListing() {
        makeTwo();
        const FolderOptions options{.wanted = {1, 8, 8}};
        PictureFolder listed = listPictures(path(), options);
        fs::remove(path() / "bees/100.png");
        EXPECT_REFUSED([&] { readPictures(listed, options); }, "IMG-08", "100.png|gone");
        grey("bees/100.png", 77);
        FolderPictures found = readPictures(listed, options);
        fs::remove_all(path());  // they are in memory from here on
        QCOMPARE(int(found.train.pixels[64]), 77);
    }
    void row42MoreFilesThanAllowed() {
        makeTwo(5);
        DataOptions options = sized(8);
        options.folder.limits.maxEntries = 11;
        EXPECT_REFUSED([&] { readDataset(path(), options); }, "IMG-09", "more than 11");
        options.folder.limits.maxEntries = 12;
        QCOMPARE(readDataset(path(), options).pictures.count(), 10);
    }
    void asManyAsThereIsRoomForStayInMemory_data() {
        QTest::addColumn<int>("room");  // beside the thread that decodes
        QTest::addColumn<int>("kept");
        QTest::newRow("all") << 640 << 10;
        QTest::newRow("all but one") << 639 << 9;
        QTest::newRow("one") << 64 << 1;
        QTest::newRow("none") << 63 << 0;
    }
    void asManyAsThereIsRoomForStayInMemory() {
        QFETCH(int, room);
        QFETCH(int, kept);
        makeTwo(5);
        DataOptions options = sized(8);
        const RawDataset whole = readDataset(path(), options);
        options.folder.limits.room = whole.pictures.files->form().decodingBytes + static_cast<std::uint64_t>(room);
        const RawDataset data = readDataset(path(), options);
        QCOMPARE(data.pictures.inMemory(), kept);
        QCOMPARE(isSaid(data.notes, "decoded each time they are asked for"), kept < 10);
        std::vector<std::uint8_t> one, other;
        for (std::int64_t k = 0; k < 10; ++k) QVERIFY(std::ranges::equal(data.pictures.picture(k, one), whole.pictures.picture(k, other)));
    }
    void decodingThatDoesNotFitIsRefusedBeforeItBegins() {
        makeTwo(5);
        DataOptions options = sized(8);
        options.folder.limits.room = readDataset(path(), options).pictures.files->form().decodingBytes - 1;
        EXPECT_REFUSED([&] { readDataset(path(), options); }, "IMG-09", "in 1 thread|room for|loader.threads");
    }
    void aPictureThatIsNoLongerTheSameIsRefused() {
        makeTwo();
        DataOptions options = sized(8);
        options.folder.decoding = Decoding::WhenAsked;
        RawDataset data = readDataset(path(), options);
        std::vector<std::uint8_t> room;
        QCOMPARE(data.pictures.inMemory(), 0);
        QCOMPARE(int(data.pictures.picture(1, room)[0]), 200);
        options.folder.limits.room = data.pictures.files->form().decodingBytes;
        decodePictures(data, options.folder);
        const std::string before = greyPng(12, 12, 200);
        grey("bees/100.png", 201);
        EXPECT_REFUSED([&] { (void)data.pictures.picture(1, room); }, "IMG-08", "100.png|changed since it was first read");
        fs::remove(path() / "bees/100.png");
        EXPECT_REFUSED([&] { (void)data.pictures.picture(1, room); }, "IMG-08", "100.png|no such file");
        m_folder->write("data/bees/100.png", before);
        QCOMPARE(int(data.pictures.picture(1, room)[0]), 200);
    }
    void foldersTooDeepAreRefused() {
        makeTwo();
        grey("ants/2/3/4/5/6/7/8/x.png");
        QCOMPARE(readDataset(path(), sized(8)).pictures.count(), 5);
        grey("ants/2/3/4/5/6/7/8/9/x.png");
        EXPECT_REFUSED([&] { readDataset(path()); }, "IMG-09", "folders too deep|at most 8");
    }
    void row43NamesOfAnyKindAreShownEscaped() {
        makeTwo();
        grey("a\nb\xE2\x80\xAE\xFF/x\n.png"), grey("a\nb\xE2\x80\xAE\xFF/" + std::string(251, 'x') + ".png");
        QCOMPARE(readDataset(path(), sized(8)).classes.front(), std::string("a\\x0Ab\\u202E\\xFF"));
        m_folder->write("data/ants/c\nd.png", "<html>");
        EXPECT_REFUSED([&] { readDataset(path(), sized(8)); }, "IMG-03", "c\\x0Ad.png");
    }
    void filesWithoutPermissionCountAsUnreadable() {
        if (::geteuid() == 0) QSKIP("root reads everything");
        makeTwo();
        fs::permissions(path() / "ants/100.png", fs::perms::none);
        EXPECT_REFUSED([&] { readDataset(path(), sized(8)); }, "DAT-04", "100.png|cannot be opened");
    }

    void realPhotographsAreRead() {
        REQUIRE_DATA();
        const RawDataset data = readDataset(dataFolder() / "images/train", sized(32));
        QCOMPARE(data.classes, (std::vector<std::string>{"ants", "bees"}));
        QCOMPARE(data.pictures.channels, 3);
        QCOMPARE(std::ranges::count(data.pictures.labels, 0), 40);
        QCOMPARE(std::ranges::count(data.pictures.labels, 1), 62);
        QVERIFY(isSaid(data.notes, "1 file is no picture that is read: imageNotFound.gif"));
    }
};

HEADROOM_TEST(TestPictureFolder)
#include "tst_picture_folder.moc"
