// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

namespace headroom::config {

/// The whole definition of a run, one versioned JSON document. Every member has its entry in the table of fields
/// (fields.h): type, range, unit, default, help. Names in JSON are the members' in snake_case (`train.batch_size`).
struct RunConfig {
    static constexpr int kVersion = 1;

    struct Augment {
        std::int64_t crop = 0;  ///< pixels of padding before a random crop of the original size
        bool flip = false;      ///< random horizontal flip
    };
    struct Data {
        std::string path;              ///< relative to the configuration's folder
        std::int64_t limit = 0;        ///< first n training samples in file order; 0 = all
        std::string target;            ///< name or 0-based number of the column; empty = last
        std::string header = "auto";   ///< auto, yes, no
        std::string task = "auto";     ///< auto, classification, regression
        double holdout = 0.2;          ///< share held out where the data has no test part
        bool acceptMissingBatches = false;
        std::int64_t side = 0;                 ///< of a folder's pictures; 0 = automatic
        std::string tokenizer = "characters";  ///< of text: characters, bytes, byte_pairs
        std::string tokenizerFolder;           ///< tables of byte pairs
        std::string normalise = "learned";  ///< of pictures: learned, unit, raw, imagenet, stated
        std::string mean, deviation;        ///< stated: a number a channel, with commas between
        Augment augment;
    };
    struct Lora {
        std::int64_t rank = 0;  ///< 0 = off
        double alpha = 16;      ///< updates count alpha / rank
        double dropout = 0;
        std::string targets = "*";  ///< patterns of weights
        std::string adapter;        ///< safetensors file to begin with
    };
    struct Model {
        std::string arch = "mlp";  ///< a builder of base/models
        double dropout = 0;        ///< of a builder's net
        std::int64_t width = 0, layers = 0, heads = 0;  ///< gpt, lstm (no heads); 0 = the architecture's own
        std::int64_t context = 128;                     ///< text: tokens of a sequence
        std::string file;          ///< an ONNX file in place of a builder
        std::string output;        ///< the file's value that is taken as the logits; empty = its output
        std::string head = "auto"; ///< auto, keep, new
        std::string weights;       ///< a safetensors file whose weights a builder's net begins with
        std::string weightsMap;    ///< a JSON file of their names, where they are not found
        Lora lora;
    };
    struct Optimizer {
        std::string name = "adamw";  ///< adamw, sgd
        double lr = 0.001;
        double weightDecay = 0.01;
        double momentum = 0.9;  ///< sgd
        bool nesterov = false;  ///< sgd
        double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;  ///< adamw
        std::string state = "fp32";  ///< fp32, bf16, 8bit
    };
    struct Schedule {
        std::string name = "cosine";  ///< constant, cosine, one_cycle
        double warmup = 0;            ///< share of all steps
        double finalShare = 0;        ///< cosine: last rate as a share of the first
    };
    struct EarlyStopping {
        std::int64_t patience = 0;  ///< epochs without improvement; 0 = off
        double minDelta = 0;
    };
    struct Train {
        std::int64_t epochs = 1;
        std::int64_t maxSteps = 0;    ///< 0 = no limit
        std::int64_t batchSize = 128; ///< effective batch of one optimizer step
        std::int64_t microBatch = 0;  ///< 0 = automatic
        std::string precision = "fp32";  ///< fp32, bf16
        std::string weights = "fp32";    ///< fp32, bf16
        Optimizer optimizer;
        Schedule schedule;
        double clipNorm = 0;       ///< global L2 norm; 0 = off
        double ema = 0;            ///< decay of the averaged weights; 0 = off
        double labelSmoothing = 0;
        EarlyStopping earlyStopping;
        std::string onNan = "stop";  ///< stop, skip, lower_rate
        double layerDecay = 1;       ///< of the learning rate from the head down
        bool cacheFeatures = false;  ///< what the frozen part makes of a sample is kept
        std::string freeze;          ///< patterns of parameters that are not trained
        std::int64_t evalEvery = 0;  ///< steps between evaluations; 0 = once an epoch
        std::int64_t seed = 1;
        bool deterministic = true;
    };
    struct Checkpoint {
        std::int64_t everySteps = 0;  ///< 0 = by time and at the end of an epoch
        double everySeconds = 60;
    };
    struct Memory {
        std::string budget;  ///< bytes, or text with KiB, MiB, GiB; empty = automatic
        std::string recompute = "off";  ///< off, cheap, blocks, auto
        bool optimizerInBackward = false;  ///< parameters are updated as their gradients come
        bool chunkedLoss = false;       ///< logits made and differentiated in chunks
        std::string offload = "off";    ///< off, activations, auto
        bool offloadOptimizer = false;  ///< the optimizer's state lies outside of the device's memory
        std::string offloadFolder;      ///< for what lies outside; empty = the run's
    };
    struct Loader {
        std::int64_t threads = 1;  ///< 0 = in the training thread
        std::int64_t prefetch = 2; ///< batches in the queue
    };
    struct Cost {
        double tariff = 0;        ///< money a kWh
        double pricePerHour = 0;  ///< money an hour of the machine
        std::string currency = "EUR";
    };

    std::int64_t version = kVersion;
    std::string name;
    Data data;
    Model model;
    Train train;
    Checkpoint checkpoint;
    Memory memory;
    Loader loader;
    Cost cost;
    std::string device = "auto";  ///< auto, cpu, cuda:N
};

}  // namespace headroom::config
