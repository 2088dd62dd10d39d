// SPDX-License-Identifier: Apache-2.0
#include "base/config/table.h"

#include "base/models/models.h"

namespace headroom::config {
namespace {

constexpr double kMost = 1'000'000'000'000;
constexpr double kLargestBatch = 1'048'576;

bool isSgd(const RunConfig& c) { return c.train.optimizer.name == "sgd"; }
bool isAdamw(const RunConfig& c) { return c.train.optimizer.name == "adamw"; }
bool hasFile(const RunConfig& c) { return !c.model.file.empty(); }
bool hasNoFile(const RunConfig& c) { return c.model.file.empty(); }
bool beginsWithWeights(const RunConfig& c) { return hasNoFile(c) && !c.model.weights.empty(); }
bool hasLora(const RunConfig& c) { return c.model.lora.rank > 0; }
bool isCosine(const RunConfig& c) { return c.train.schedule.name == "cosine"; }
bool hasBytePairs(const RunConfig& c) { return c.data.tokenizer == "byte_pairs"; }
bool statesPixels(const RunConfig& c) { return c.data.normalise == "stated"; }
bool hasAnyHeads(const RunConfig& c) { return hasNoFile(c) && c.model.arch == "gpt"; }
bool hasAnySize(const RunConfig& c) { return hasAnyHeads(c) || (hasNoFile(c) && c.model.arch == "lstm"); }
bool readsText(const RunConfig& c) { return hasFile(c) || hasAnySize(c) || c.model.arch == "gpt_mini"; }
bool offloads(const RunConfig& c) { return c.memory.offload != "off" || c.memory.offloadOptimizer; }
bool stopsEarly(const RunConfig& c) { return c.train.earlyStopping.patience > 0; }

std::vector<Choice> architectureChoices() {
    std::vector<Choice> choices;
    for (const models::Architecture& architecture : models::architectures())
        choices.push_back({architecture.name, architecture.title});
    return choices;
}

std::vector<Field> generalFields() {
    return {
        {.path = "version", .title = "Version", .help = "Version of the document's form. A newer one than this program knows is refused.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.version; },
         .min = 1, .max = RunConfig::kVersion, .outOfRange = Code::Cfg08},
        {.path = "name", .title = "Name", .help = "Name that the run is shown by. Several runs may have the same one.",
         .type = Type::Text, .at = [](RunConfig& c) -> Slot { return &c.name; },
         .level = Level::Simple, .zero = "the run's id"},
    };
}

std::vector<Field> dataFields() {
    return {
        {.path = "data.path", .title = "Data", .help = "Folder or file to train on: pictures (PNG, JPEG) in a folder for each class, IDX (MNIST), CIFAR binary, CSV or plain text. Relative to the folder of the configuration.",
         .type = Type::Path, .at = [](RunConfig& c) -> Slot { return &c.data.path; },
         .level = Level::Simple, .required = true},
        {.path = "data.limit", .title = "Limit", .help = "Uses only the first samples of the training part, in file order; of folders of pictures one of each class by turns. The validation part is never cut.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.data.limit; },
         .unit = "samples", .min = 0, .max = kMost, .zero = "all"},
        {.path = "data.side", .title = "Side of pictures", .help = "Pictures of a folder become squares of this side: the largest in the middle of each, scaled. At least 8; other data have a size of their own.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.data.side; },
         .level = Level::Simple, .unit = "pixels", .min = 0, .max = 1024,
         .zero = "what the model file takes, else 224 (mlp, tabular_resnet, cnn and resnet20: 64), but at most the median of the pictures' shorter sides"},
        {.path = "data.target", .title = "Target column", .help = "Column of a table that is to be predicted: its name, or its number counted from 0.",
         .type = Type::Column, .at = [](RunConfig& c) -> Slot { return &c.data.target; },
         .level = Level::Simple, .zero = "the last column"},
        {.path = "data.header", .title = "Header row", .help = "Whether the first row of a table holds the names of the columns.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.data.header; },
         .choices = {{"auto", "Automatic"}, {"yes", "Yes"}, {"no", "No"}}},
        {.path = "data.task", .title = "Task", .help = "What is learned from a table. Automatic: whole numbers with at most 20 different values, and text, are classes.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.data.task; },
         .choices = {{"auto", "Automatic"}, {"classification", "Classification"}, {"regression", "Regression"}}},
        {.path = "data.holdout", .title = "Held out", .help = "Share kept for validation where the data has no test part of its own: drawn by the seed, with every class in proportion. A text keeps its last tenth.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.data.holdout; },
         .min = 0, .max = 0.9, .zero = "nothing, so there is no validation"},
        {.path = "data.accept_missing_batches", .title = "Accept missing batches", .help = "Trains on CIFAR also where some of its batch files are missing.",
         .type = Type::Boolean, .at = [](RunConfig& c) -> Slot { return &c.data.acceptMissingBatches; }},
        {.path = "data.tokenizer", .title = "Tokens", .help = "What of a text is one number: each of its characters, each byte of its UTF-8 form, or the byte pairs of GPT-2's tables.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.data.tokenizer; },
         .choices = {{"characters", "Characters"}, {"bytes", "Bytes"}, {"byte_pairs", "Byte pairs"}}},
        {.path = "data.tokenizer_folder", .title = "Tables of byte pairs", .help = "Folder with encoder.json and vocab.bpe, or vocab.json and merges.txt. Relative to the folder of the configuration.",
         .type = Type::Path, .at = [](RunConfig& c) -> Slot { return &c.data.tokenizerFolder; },
         .zero = "none", .applies = hasBytePairs},
        {.path = "data.normalise", .title = "Normalisation", .help = "What a net sees of a picture's bytes: value / 255 minus the mean, over the deviation, of the training pictures, of ImageNet or as stated; value / 255; or the bytes as they are. A model file wants what it was trained with.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.data.normalise; },
         .choices = {{"learned", "Learned from the data"}, {"unit", "0 to 1"}, {"raw", "0 to 255"}, {"imagenet", "As of ImageNet"}, {"stated", "Stated"}}},
        {.path = "data.mean", .title = "Mean", .help = "Mean of value / 255, a number a channel with commas between.",
         .type = Type::Text, .at = [](RunConfig& c) -> Slot { return &c.data.mean; },
         .zero = "0", .applies = statesPixels},
        {.path = "data.deviation", .title = "Deviation", .help = "Standard deviation of value / 255, a number a channel with commas between.",
         .type = Type::Text, .at = [](RunConfig& c) -> Slot { return &c.data.deviation; },
         .zero = "1", .applies = statesPixels},
        {.path = "data.augment.crop", .title = "Random crop", .help = "Width of the black border around a picture, of which a window of the original size is cut at random.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.data.augment.crop; },
         .unit = "pixels", .min = 0, .max = 1024, .zero = "off"},
        {.path = "data.augment.flip", .title = "Random flip", .help = "Mirrors half of the pictures left to right.",
         .type = Type::Boolean, .at = [](RunConfig& c) -> Slot { return &c.data.augment.flip; }},
    };
}

std::vector<Field> modelFields() {
    return {
        {.path = "model.arch", .title = "Architecture", .help = "Network to train.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.model.arch; },
         .level = Level::Simple, .choices = architectureChoices(), .applies = hasNoFile},
        {.path = "model.dropout", .title = "Dropout", .help = "Share of activations set to zero in training, against learning by heart.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.model.dropout; },
         .min = 0, .max = 0.95, .zero = "off", .applies = hasNoFile},
        {.path = "model.width", .title = "Width", .help = "Numbers that stand for a token between the layers of gpt or lstm. A multiple of the heads.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.model.width; },
         .min = 0, .max = 65'536, .zero = "768 for gpt, 256 for lstm", .applies = hasAnySize},
        {.path = "model.layers", .title = "Layers", .help = "Layers of gpt or lstm, one after the other.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.model.layers; },
         .min = 0, .max = 1024, .zero = "12 for gpt, 2 for lstm", .applies = hasAnySize},
        {.path = "model.heads", .title = "Heads", .help = "Heads of attention of gpt, side by side. They divide the width.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.model.heads; },
         .min = 0, .max = 1024, .zero = "12", .applies = hasAnyHeads},
        {.path = "model.context", .title = "Context", .help = "Tokens of a text that the net sees at once. GPT-2's own weights have 1024.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.model.context; },
         .unit = "tokens", .min = 1, .max = 65'536, .applies = readsText},
        {.path = "model.file", .title = "Model file", .help = "ONNX file to train on from its weights, in place of an architecture. Relative to the folder of the configuration.",
         .type = Type::Path, .at = [](RunConfig& c) -> Slot { return &c.model.file; },
         .level = Level::Simple, .zero = "none"},
        {.path = "model.output", .title = "Output", .help = "Value of the model file that is taken as its output, by the name that the graph view shows. An inner value gets a new head behind it.",
         .type = Type::Text, .at = [](RunConfig& c) -> Slot { return &c.model.output; },
         .zero = "the file's only output", .applies = hasFile},
        {.path = "model.head", .title = "Head", .help = "The last layer of a model file. Automatic: its own where it gives as many numbers as the data has classes, else a new one.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.model.head; },
         .choices = {{"auto", "Automatic"}, {"keep", "The model's own"}, {"new", "New"}}, .applies = hasFile},
        {.path = "model.weights", .title = "Weights", .help = "safetensors file, or the index of its shards, whose weights the architecture begins with. Names of Hugging Face, torchvision and timm are known; a head for other classes stays new. Relative to the folder of the configuration.",
         .type = Type::Path, .at = [](RunConfig& c) -> Slot { return &c.model.weights; },
         .level = Level::Simple, .zero = "drawn from the seed", .applies = hasNoFile},
        {.path = "model.weights_map", .title = "Names of weights", .help = "JSON file that says where parameters come from if their names are not found, as headroom model import --write-map makes it: {\"ours\": \"theirs\"}; null leaves one as the seed draws it. Relative to the folder of the configuration.",
         .type = Type::Path, .at = [](RunConfig& c) -> Slot { return &c.model.weightsMap; },
         .zero = "none", .applies = beginsWithWeights},
        {.path = "model.lora.rank", .title = "LoRA rank", .help = "Trains, in place of the weights, an update of this rank beside each matrix (low-rank adaptation): far less memory for gradients and optimizer. Exports hold the sum of both.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.model.lora.rank; },
         .min = 0, .max = 4096, .zero = "off"},
        {.path = "model.lora.alpha", .title = "LoRA alpha", .help = "Updates count alpha / rank.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.model.lora.alpha; },
         .min = 0, .max = 1e6, .minExcluded = true, .applies = hasLora},
        {.path = "model.lora.dropout", .title = "LoRA dropout", .help = "Share of what the updates read that is set to zero in training.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.model.lora.dropout; },
         .min = 0, .max = 0.95, .zero = "off", .applies = hasLora},
        {.path = "model.lora.targets", .title = "LoRA targets", .help = "Patterns of the weights that get an update, as for frozen ones. Only matrices that one product reads, and never the head.",
         .type = Type::Text, .at = [](RunConfig& c) -> Slot { return &c.model.lora.targets; }, .required = true, .applies = hasLora},
        {.path = "model.lora.adapter", .title = "LoRA adapter", .help = "safetensors file in PEFT's layout whose updates the run begins with. Its rank is that of the run. Relative to the folder of the configuration.",
         .type = Type::Path, .at = [](RunConfig& c) -> Slot { return &c.model.lora.adapter; },
         .zero = "none", .applies = hasLora},
    };
}

std::vector<Field> lengthFields() {
    return {
        {.path = "train.epochs", .title = "Epochs", .help = "Passes over the training data.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.train.epochs; },
         .level = Level::Simple, .min = 1, .max = 1'000'000},
        {.path = "train.max_steps", .title = "Most steps", .help = "Ends the run after this many optimizer steps, whatever the epochs say.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.train.maxSteps; },
         .unit = "steps", .min = 0, .max = kMost, .zero = "no limit"},
        {.path = "train.batch_size", .title = "Batch size", .help = "Samples of one optimizer step, over all devices and micro-batches: the effective batch.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.train.batchSize; },
         .level = Level::Simple, .unit = "samples", .min = 1, .max = kLargestBatch},
        {.path = "train.micro_batch", .title = "Micro-batch", .help = "Samples computed at once. Gradients are accumulated until the batch is complete, so a smaller one needs less memory and leaves the result the same. It must divide the batch.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.train.microBatch; },
         .unit = "samples", .min = 0, .max = kLargestBatch, .zero = "automatic"},
        {.path = "train.precision", .title = "Precision", .help = "Number format of the arithmetic. bf16 is faster and smaller; sums stay in fp32, and so do the weights unless they are set otherwise.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.train.precision; },
         .level = Level::Simple, .choices = {{"fp32", "fp32"}, {"bf16", "bf16"}}},
        {.path = "train.weights", .title = "Weights", .help = "Number format that the weights are kept in. bf16 halves them and their gradients: every update is rounded up or down at random, so that small ones count on average. Parameters of norms, embeddings and positions stay in fp32.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.train.weights; },
         .choices = {{"fp32", "fp32"}, {"bf16", "bf16, rounded at random"}}},
    };
}

std::vector<Field> optimizerFields() {
    return {
        {.path = "train.optimizer.name", .title = "Optimizer", .help = "Rule that turns gradients into new parameters.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.train.optimizer.name; },
         .choices = {{"adamw", "AdamW"}, {"sgd", "SGD with momentum"}}},
        {.path = "train.optimizer.lr", .title = "Learning rate", .help = "Highest rate of the schedule.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.optimizer.lr; },
         .level = Level::Simple, .min = 0, .minExcluded = true, .outOfRange = Code::Cfg05, .askAbove = 10},
        {.path = "train.optimizer.weight_decay", .title = "Weight decay", .help = "Pull of the weights towards zero: decoupled with AdamW, added to the gradient with SGD.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.optimizer.weightDecay; },
         .min = 0, .max = 1000, .askAbove = 1},
        {.path = "train.optimizer.momentum", .title = "Momentum", .help = "Share of the last step that SGD keeps.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.optimizer.momentum; },
         .min = 0, .max = 0.9999, .zero = "off", .applies = isSgd},
        {.path = "train.optimizer.nesterov", .title = "Nesterov", .help = "Takes SGD's gradient one step of momentum ahead.",
         .type = Type::Boolean, .at = [](RunConfig& c) -> Slot { return &c.train.optimizer.nesterov; },
         .applies = isSgd},
        {.path = "train.optimizer.beta1", .title = "Beta 1", .help = "Memory of AdamW's mean of gradients.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.optimizer.beta1; },
         .min = 0, .max = 0.9999, .applies = isAdamw},
        {.path = "train.optimizer.beta2", .title = "Beta 2", .help = "Memory of AdamW's mean of squared gradients.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.optimizer.beta2; },
         .min = 0, .max = 0.999999, .applies = isAdamw},
        {.path = "train.optimizer.eps", .title = "Epsilon", .help = "Added to AdamW's divisor, so that it is never zero.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.optimizer.eps; },
         .min = 0, .max = 1, .minExcluded = true, .applies = isAdamw},
        {.path = "train.optimizer.state", .title = "Optimizer state", .help = "Number format of what the optimizer remembers of every weight: 8bit takes a quarter of fp32, bf16 half. Tensors of fewer than 1,024 numbers stay in fp32.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.train.optimizer.state; },
         .choices = {{"fp32", "fp32"}, {"bf16", "bf16"}, {"8bit", "8 bits"}}},
    };
}

std::vector<Field> scheduleFields() {
    return {
        {.path = "train.schedule.name", .title = "Schedule", .help = "Course of the learning rate over the run.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.train.schedule.name; },
         .choices = {{"constant", "Constant"}, {"cosine", "Cosine"}, {"one_cycle", "One cycle"}}},
        {.path = "train.schedule.warmup", .title = "Warm-up", .help = "Share of all steps over which the rate rises to its highest value.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.schedule.warmup; },
         .min = 0, .max = 1, .zero = "none; one cycle: 0.3"},
        {.path = "train.schedule.final_share", .title = "Last rate", .help = "Rate at the end of the cosine, as a share of the highest.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.schedule.finalShare; },
         .min = 0, .max = 1, .applies = isCosine},
    };
}

std::vector<Field> trainFields() {
    return {
        {.path = "train.clip_norm", .title = "Clip gradients", .help = "Largest L2 norm of all gradients together; larger ones are scaled down to it.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.clipNorm; },
         .min = 0, .max = 1'000'000, .zero = "off"},
        {.path = "train.ema", .title = "Averaged weights", .help = "Decay of a running average of the weights, which is evaluated and exported in their place.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.ema; },
         .min = 0, .max = 0.999999, .zero = "off"},
        {.path = "train.label_smoothing", .title = "Label smoothing", .help = "Share of the target that is spread evenly over all classes.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.labelSmoothing; },
         .min = 0, .max = 0.9, .zero = "off"},
        {.path = "train.early_stopping.patience", .title = "Patience", .help = "Ends the run after this many evaluations without improvement.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.train.earlyStopping.patience; },
         .unit = "evaluations", .min = 0, .max = 1'000'000, .zero = "off"},
        {.path = "train.early_stopping.min_delta", .title = "Least improvement", .help = "Smaller gains of the validation figure count as none.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.earlyStopping.minDelta; },
         .min = 0, .max = 1'000'000, .applies = stopsEarly},
        {.path = "train.on_nan", .title = "At NaN", .help = "What happens when the loss or a gradient becomes NaN or infinite: the run stops as diverged, or the step is undone and left out, if wanted with half the learning rate from then on.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.train.onNan; },
         .choices = {{"stop", "Stop"}, {"skip", "Leave the step out"}, {"lower_rate", "Leave it out, halve the rate"}}},
        {.path = "train.layer_decay", .title = "Layer decay", .help = "Factor of the learning rate from each layer to the one before it, counted from the head: early layers of a trained model then change less. A block of the model is a layer.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.train.layerDecay; },
         .min = 0, .max = 1, .minExcluded = true},
        {.path = "train.cache_features", .title = "Keep features", .help = "Runs the frozen first part of the model once for every sample and trains the rest on what came out: far faster where only the head is trained. The features are kept in memory.",
         .type = Type::Boolean, .at = [](RunConfig& c) -> Slot { return &c.train.cacheFeatures; }},
        {.path = "train.freeze", .title = "Frozen", .help = "Parameters that stay as they are, by patterns of their names with commas between: * stands for anything, ! before a pattern takes out again what it fits. \"*, !head.*\" trains a new head alone. Batch norms of frozen parameters keep their statistics.",
         .type = Type::Text, .at = [](RunConfig& c) -> Slot { return &c.train.freeze; },
         .zero = "none"},
        {.path = "train.eval_every", .title = "Evaluate every", .help = "Steps between two evaluations on the validation part.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.train.evalEvery; },
         .unit = "steps", .min = 0, .max = kMost, .zero = "once an epoch"},
        {.path = "train.seed", .title = "Seed", .help = "Start of every random draw: weights, order, augmentation, dropout, held-out part.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.train.seed; },
         .min = 0, .max = 9'007'199'254'740'991},
        {.path = "train.deterministic", .title = "Repeatable", .help = "The same configuration gives the same weights, bit by bit, on the same machine. On a GPU this takes slower kernels.",
         .type = Type::Boolean, .at = [](RunConfig& c) -> Slot { return &c.train.deterministic; }},
    };
}

std::vector<Field> machineFields() {
    return {
        {.path = "checkpoint.every_steps", .title = "Checkpoint every", .help = "Steps between two checkpoints.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.checkpoint.everySteps; },
         .unit = "steps", .min = 0, .max = kMost, .zero = "by time, and at the end of an epoch"},
        {.path = "checkpoint.every_seconds", .title = "Checkpoint after", .help = "Longest time of work that a crash may cost.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.checkpoint.everySeconds; },
         .unit = "s", .min = 1, .max = 86'400},
        {.path = "memory.budget", .title = "Memory budget", .help = "Most memory that the process may grow by in training, tensors and all else, in bytes or with a unit: 1.5 GiB.",
         .type = Type::Size, .at = [](RunConfig& c) -> Slot { return &c.memory.budget; },
         .zero = "automatic"},
        {.path = "memory.recompute", .title = "Recompute", .help = "What the backward pass makes again in place of keeping it in memory: what is cheap to make, everything inside the net's blocks, or the quickest choice that stays within the budget. The result is the same, bit for bit.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.memory.recompute; },
         .choices = {{"off", "Nothing"}, {"cheap", "Cheap layers"}, {"blocks", "Blocks"}, {"auto", "As the budget needs"}}},
        {.path = "memory.optimizer_in_backward", .title = "Update in the backward pass", .help = "Updates each parameter as soon as its gradient is there, which is then dropped: the gradients are never in memory all at once. Only where the whole batch is computed at once; a step that has to be divided because memory ran out updates at its end. The result is the same, bit for bit.",
         .type = Type::Boolean, .at = [](RunConfig& c) -> Slot { return &c.memory.optimizerInBackward; }},
        {.path = "memory.chunked_loss", .title = "Chunked loss", .help = "Makes the logits and their gradient in chunks of rows, so that they are never there all at once. Of use where there are many classes, as words of a vocabulary; a net that does not end in a linear layer and a cross-entropy is trained as without it.",
         .type = Type::Boolean, .at = [](RunConfig& c) -> Slot { return &c.memory.chunkedLoss; }},
        {.path = "memory.offload", .title = "Offload", .help = "What waits for the backward pass outside of the device's memory: on the CPU in a file in the run's folder, on a GPU in the machine's memory. All activations that are worth the way, or as few as the budget needs. The result is the same, bit for bit.",
         .type = Type::Choice, .at = [](RunConfig& c) -> Slot { return &c.memory.offload; },
         .choices = {{"off", "Nothing"}, {"activations", "Activations"}, {"auto", "As the budget needs"}}},
        {.path = "memory.offload_optimizer", .title = "Offload the optimizer", .help = "Keeps the optimizer's state outside of the device's memory: on the CPU in a mapped file, on a GPU in the machine's memory. Updates read and write it there. The result is the same, bit for bit.",
         .type = Type::Boolean, .at = [](RunConfig& c) -> Slot { return &c.memory.offloadOptimizer; }},
        {.path = "memory.offload_folder", .title = "Offload to", .help = "Folder for what a CPU run keeps outside of memory, on a fast disk. The file has no name there and is gone with the run. Relative to the folder of the configuration.",
         .type = Type::Path, .at = [](RunConfig& c) -> Slot { return &c.memory.offloadFolder; },
         .zero = "the run's folder", .applies = offloads},
        {.path = "loader.threads", .title = "Loader threads", .help = "Threads that prepare batches beside the training. The result does not depend on it.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.loader.threads; },
         .unit = "threads", .min = 0, .max = 256, .outOfRange = Code::Cfg15, .zero = "in the training thread"},
        {.path = "loader.prefetch", .title = "Prefetch", .help = "Finished batches that may wait for the training.",
         .type = Type::Integer, .at = [](RunConfig& c) -> Slot { return &c.loader.prefetch; },
         .unit = "batches", .min = 1, .max = 1024},
        {.path = "cost.tariff", .title = "Electricity tariff", .help = "Price of a kilowatt-hour, for the cost of a run.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.cost.tariff; },
         .unit = "money/kWh", .min = 0, .max = 1'000'000, .zero = "not counted"},
        {.path = "cost.price_per_hour", .title = "Machine price", .help = "Price of an hour of this machine, for the cost of a run.",
         .type = Type::Number, .at = [](RunConfig& c) -> Slot { return &c.cost.pricePerHour; },
         .unit = "money/h", .min = 0, .max = 1'000'000, .zero = "not counted"},
        {.path = "cost.currency", .title = "Currency", .help = "Shown behind every cost.",
         .type = Type::Text, .at = [](RunConfig& c) -> Slot { return &c.cost.currency; }},
        {.path = "device", .title = "Device", .help = "Where the run computes: auto is the first CUDA device, else the CPU.",
         .type = Type::Device, .at = [](RunConfig& c) -> Slot { return &c.device; },
         .level = Level::Simple, .outOfRange = Code::Cfg14},
    };
}

}  // namespace

std::vector<Field> makeTable() {
    std::vector<Field> table;
    for (const auto make : {generalFields, dataFields, modelFields, lengthFields, optimizerFields, scheduleFields,
                            trainFields, machineFields})
        for (Field& field : make()) table.push_back(std::move(field));
    return table;
}

}  // namespace headroom::config
