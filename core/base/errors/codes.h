// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string_view>

namespace headroom {

/// The register of error codes: stable, in messages, documents and scripts. Their texts stand in codes.cpp.
enum class Code {
    Idx01, Idx02, Idx03, Idx04, Idx05, Idx06, Idx07, Idx08, Idx09, Idx10, Idx11, Idx12,
    Cif01, Cif02, Cif03, Cif04, Cif05, Cif06,
    Csv01, Csv02, Csv03, Csv04, Csv05, Csv06, Csv07, Csv08, Csv09, Csv10, Csv11,
    Txt01, Txt02, Txt03, Txt04,
    Tok01, Tok02,
    Dat01, Dat02, Dat03, Dat04, Dat05,
    Img01, Img02, Img03, Img04, Img05, Img06, Img07, Img08, Img09, Img10, Img11, Img12, Img13, Img14, Img15,
    Onx01, Onx02, Onx03, Onx04, Onx05, Onx06, Onx07, Onx08, Onx09, Onx10, Onx11, Onx12, Onx13, Onx14,
    Stf01, Stf02, Stf03, Stf04, Stf05, Stf06, Stf07, Stf08, Stf09, Stf10, Stf11, Stf12, Stf13, Stf14, Stf15,
    Stf16, Stf17, Stf18, Stf19,
    Pkl01,
    Cfg01, Cfg02, Cfg03, Cfg04, Cfg05, Cfg06, Cfg07, Cfg08, Cfg09, Cfg10, Cfg11, Cfg12, Cfg13, Cfg14, Cfg15,
    Cfg16,
    Cfg17,
    Db01, Db02, Db03, Db04, Db05, Db06, Db07,
    Ckp01, Ckp02, Ckp03, Ckp04, Ckp05, Ckp06, Ckp07, Ckp08,
    Run01, Run02, Run03, Run04, Run05, Run06,
    Sto01, Sto02, Sto03,
    Mem01, Mem02, Mem03,
    Num01,
    Exp01, Exp02, Exp03,
    Wrk01, Wrk02, Wrk03,
    Dsk01, Dsk02,
    Dev01, Dev02, Dev03,
    Rapl01,
    Cli01, Cli02,
    Int01,
};

/// Exit status of the command line for a failure. Scripts rely on these numbers: never renumbered.
enum class Exit { Ok = 0, Failure = 1, Usage = 2, Refused = 3, NotFound = 4, OutOfMemory = 5, Diverged = 6,
                  VerificationFailed = 7, WorkerCrashed = 8, Busy = 75, Interrupted = 130, Terminated = 143 };

struct CodeInfo {
    Code code;
    std::string_view text;  ///< as shown, "IDX-03"
    Exit exit;
    std::string_view meaning;
};

std::span<const CodeInfo> allCodes();
const CodeInfo& info(Code code);

}  // namespace headroom
