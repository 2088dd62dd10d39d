// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/errors/interrupted.h"
#include "base/models/wanted_pictures.h"
#include "engine/formats/image.h"
#include "engine/formats/pictures.h"

namespace headroom::formats {

struct FolderLimits {
    std::size_t maxEntries = 10'000'000;  ///< files and folders, all together
    std::size_t maxDepth = 8;             ///< folders below the chosen one
    std::uint64_t room = 0;               ///< bytes that decoded pictures and the threads that decode them may take; 0 = half of the memory that is
                                          ///< available, or what FolderOptions::reserved leaves of four fifths of it
    ImageLimits image;
};

enum class Decoding { Now, WhenAsked };

struct FolderOptions {
    models::WantedPictures wanted;
    std::int64_t limit = 0;         ///< first training pictures, 0 = all; used only where there is a validation part
    std::int64_t threads = 1;       ///< that decode
    std::size_t leastClasses = 2;   ///< of the training part
    FolderLimits limits;
    std::uint64_t reserved = 0;     ///< bytes that somebody else is to have of the memory; 0 = not known
    Decoding decoding = Decoding::Now;  ///< of a dataset that is read (readDataset())
    GoesOn goesOn{};                ///< asked before every picture, by the thread that reads
};

/// A folder whose subfolders are the classes, or whose `train` holds such ones, beside one of `val`, `valid`, `validation`, `test`.
struct PictureFolder {
    struct Picture {
        std::filesystem::path path;
        std::int32_t label = 0;
    };
    std::string name;                  ///< for messages
    std::vector<std::string> classes;  ///< names of the class folders in order, unprintable characters escaped
    /// Of each class by turns, each in the order of its paths: the first n are spread over the classes.
    std::vector<Picture> train;
    std::optional<std::vector<Picture>> test;
    std::vector<std::string> notes;
};

/// By names: two subfolders that hold pictures, or `train` with subfolders. Looks no further than it must.
bool isPictureFolder(const std::filesystem::path& folder);
/// Anything in it that could be meant as one: a picture in it or in one of its subfolders.
bool holdsPictures(const std::filesystem::path& folder);

/// Opens nothing. PNG and JPEG files count by their extension, class folders with all below them; hidden entries and other files become
/// notes. Throws IMG-04 (a link leads out), IMG-05 (in a circle, or nowhere), IMG-06 (neither file nor folder), IMG-07 (fewer classes than
/// wanted), IMG-09 (limits), IMG-10 (a class without pictures), DAT-01 (the validation part has other classes), DAT-04.
PictureFolder listPictures(const std::filesystem::path& folder, const FolderOptions& options = {});

/// Height and width where the wish leaves them open: the model's usual side, but at most the median of the training part's shorter sides. Said as a note.
void chooseSide(models::WantedPictures& wanted, PictureFolder& folder, const FolderOptions& options);

struct FolderPictures {
    Pictures train;
    std::optional<Pictures> test;
    std::vector<std::string> notes;
};

/// Every picture as wanted (fitted()), one channel where all of them declare only brightness and none is asked for. Where any side goes it is
/// the model's usual one, but at most the median of the shorter sides. Reads what the files declare; nothing is decoded before it is asked for.
/// Throws IMG-08 (gone since it was listed); and Interrupted.
FolderPictures openPictures(PictureFolder folder, const FolderOptions& options);

/// Of pictures that were opened these alone, in this order; a part of the list that they are.
void keepOnly(Pictures& pictures, std::span<const std::int64_t> numbers);

/// Bytes of memory for the pictures of a folder.
struct PictureRoom {
    std::uint64_t all = 0;       ///< that all of them would take
    std::uint64_t kept = 0;      ///< that those take which stay decoded
    std::uint64_t decoding = 0;  ///< that the threads take which decode them
    std::uint64_t available = 0;
};
PictureRoom roomFor(const FolderPictures& pictures, const FolderOptions& options);

/// Decodes all of them once. As many as there is room for stay in memory, the first ones; the others are decoded again when they are asked for. Up to one
/// picture of a hundred that cannot be read is left out with a note; more are refused with their list: IMG-01, IMG-02, IMG-03 and DAT-02 as
/// readImage(). Throws also IMG-08, IMG-09 (not even room for decoding, before anything is decoded), IMG-10; and Interrupted.
void decodePictures(FolderPictures& pictures, const std::vector<std::string>& classes, const FolderOptions& options);

/// Both.
FolderPictures readPictures(PictureFolder folder, const FolderOptions& options);

}  // namespace headroom::formats
