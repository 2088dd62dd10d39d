// SPDX-License-Identifier: Apache-2.0
#include "engine/run/ops/attention_heads.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "engine/run/ops/support.h"

// The BLAS inside LibTorch (reference interface, column-major). Called from a thread of a parallel region it stays on it.
extern "C" void sgemm_(const char* transA, const char* transB, const int* m, const int* n, const int* k,
                       const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                       const float* beta, float* c, const int* ldc);

namespace headroom::run {
namespace {

/// A row-major matrix, its rows `stride` numbers apart.
struct Matrix {
    float* data;
    std::int64_t stride;
};
enum class Form { Plain, Transposed };

/// c [m, n] = op(a) [m, k] op(b) [k, n] + share c, all row-major: to the column-major interface this is c^T = op(b)^T op(a)^T.
void multiply(Matrix a, Form formA, Matrix b, Form formB, Matrix c, std::int64_t rows, std::int64_t columns,
              std::int64_t inner, float share = 0) {
    const int m = static_cast<int>(columns), n = static_cast<int>(rows), k = static_cast<int>(inner);
    const int lda = static_cast<int>(b.stride), ldb = static_cast<int>(a.stride), ldc = static_cast<int>(c.stride);
    const float one = 1;
    sgemm_(formB == Form::Plain ? "N" : "T", formA == Form::Plain ? "N" : "T", &m, &n, &k, &one, b.data, &lda, a.data,
           &ldb, &share, c.data, &ldc);
}

/// The part of a packed tensor [b, t, heads * width] that belongs to one head.
template <class T>
struct HeadOf {
    T* data;
    std::int64_t stride, rows, width;

    HeadOf(const at::Tensor& tensor, const HeadShape& shape, std::int64_t item)
        : data(elements<T>(tensor) + item / shape.heads * tensor.stride(0) + item % shape.heads * shape.width),
          stride(tensor.stride(1)), rows(tensor.size(1)), width(shape.width) {}
    std::int64_t count() const { return rows * width; }
};

/// One thread's own memory, handed out in pieces.
class Scratch {
public:
    explicit Scratch(float* memory) : m_next(memory) {}
    float* take(std::int64_t count) {
        float* piece = m_next;
        m_next += count;
        return piece;
    }

private:
    float* m_next;
};

/// fp32 is read where it lies; bf16 is widened into scratch memory.
Matrix readable(const HeadOf<float>& head, Scratch&) { return {head.data, head.stride}; }
Matrix readable(const HeadOf<simd::BFloat>& head, Scratch& scratch) {
    const Matrix wide{scratch.take(head.count()), head.width};
    simd::table<simd::BFloat>().widen(head.data, head.stride, wide.data, head.rows, head.width);
    return wide;
}
Matrix writable(const HeadOf<float>& head, Scratch&) { return {head.data, head.stride}; }
Matrix writable(const HeadOf<simd::BFloat>& head, Scratch& scratch) { return {scratch.take(head.count()), head.width}; }
void finish(const Matrix&, const HeadOf<float>&) {}
void finish(const Matrix& result, const HeadOf<simd::BFloat>& head) {
    simd::table<simd::BFloat>().narrow(result.data, head.data, head.stride, head.rows, head.width);
}

std::int64_t visible(const HeadShape& shape, std::int64_t query) {
    return shape.causal ? std::min(shape.past + query + 1, shape.keys) : shape.keys;
}

/// At least. One token after a short text is less work than waking threads for it.
std::int64_t headsAThread(const HeadShape& shape) {
    constexpr std::int64_t kWorthAThread = 1 << 16;  // multiply-adds
    return shape.past > 0 ? kWorthAThread / std::max<std::int64_t>(1, shape.queries * shape.keys * shape.width) : 1;
}

/// Runs body(item, scratch) for every head of every sample, scratch of `floats` numbers for each thread.
template <class Body>
void overHeads(const HeadShape& shape, std::int64_t floats, const at::Tensor& like, const Body& body) {
    const at::Tensor memory = at::empty({at::get_num_threads(), floats}, like.options().dtype(at::kFloat));
    parallel(shape.batch * shape.heads, headsAThread(shape), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t item = begin; item < end; ++item)
            body(item, Scratch(elements<float>(memory) + at::get_thread_num() * floats));
    });
}

/// The columns of a matrix from that one on.
Matrix from(const Matrix& matrix, std::int64_t column) { return {matrix.data + column, matrix.stride}; }

template <class T>
void forwardHead(const HeadShape& shape, std::int64_t item, Scratch scratch, const at::Tensor& q, const at::Tensor& k,
                 const at::Tensor& v, const at::Tensor& y, const at::Tensor& probabilities, const PastHeads& past) {
    const std::int64_t scoreCount = shape.queries * shape.keys, fresh = shape.keys - shape.past;
    const Matrix scores{scratch.take(scoreCount), shape.keys};
    T* kept = probabilities.defined() ? elements<T>(probabilities) + item * scoreCount
                                      : reinterpret_cast<T*>(scratch.take(scoreCount));
    const HeadOf<T> query(q, shape, item), key(k, shape, item), value(v, shape, item), output(y, shape, item);
    const Matrix asked = readable(query, scratch);
    if (shape.past > 0)
        multiply(asked, Form::Plain, readable(HeadOf<T>(past.keys, shape, item), scratch), Form::Transposed, scores, shape.queries, shape.past, shape.width);
    multiply(asked, Form::Plain, readable(key, scratch), Form::Transposed, from(scores, shape.past), shape.queries, fresh, shape.width);
    for (std::int64_t i = 0; i < shape.queries; ++i)
        simd::table<T>().softmax(scores.data + i * shape.keys, kept + i * shape.keys, visible(shape, i), shape.keys, shape.scale);
    const Matrix result = writable(output, scratch);
    multiply(from(scores, shape.past), Form::Plain, readable(value, scratch), Form::Plain, result, shape.queries, shape.width, fresh);
    if (shape.past > 0)
        multiply(scores, Form::Plain, readable(HeadOf<T>(past.values, shape, item), scratch), Form::Plain, result, shape.queries, shape.width, shape.past, 1);
    finish(result, output);
}

template <class T>
void backwardHead(const HeadShape& shape, std::int64_t item, Scratch scratch, const std::array<at::Tensor, 3>& inputs,
                  const at::Tensor& probabilities, const at::Tensor& dy, const std::array<at::Tensor, 3>& gradients) {
    const std::int64_t scoreCount = shape.queries * shape.keys;
    const HeadOf<T> query(inputs[0], shape, item), key(inputs[1], shape, item), value(inputs[2], shape, item);
    const HeadOf<T> gradient(dy, shape, item), dquery(gradients[0], shape, item), dkey(gradients[1], shape, item),
        dvalue(gradients[2], shape, item);
    T* kept = elements<T>(probabilities) + item * scoreCount;
    const Matrix p{scratch.take(scoreCount), shape.keys}, ds{scratch.take(scoreCount), shape.keys};
    simd::table<T>().widen(kept, shape.keys, p.data, shape.queries, shape.keys);
    const Matrix out = readable(gradient, scratch);
    const Matrix dv = writable(dvalue, scratch), dq = writable(dquery, scratch), dk = writable(dkey, scratch);
    multiply(p, Form::Transposed, out, Form::Plain, dv, shape.keys, shape.width, shape.queries);
    multiply(out, Form::Plain, readable(value, scratch), Form::Transposed, ds, shape.queries, shape.keys, shape.width);
    for (std::int64_t i = 0; i < shape.queries; ++i)
        simd::table<T>().softmaxBackward(kept + i * shape.keys, ds.data + i * shape.keys, visible(shape, i), shape.keys, shape.scale);
    multiply(ds, Form::Plain, readable(key, scratch), Form::Plain, dq, shape.queries, shape.width, shape.keys);
    multiply(ds, Form::Transposed, readable(query, scratch), Form::Plain, dk, shape.keys, shape.width, shape.queries);
    finish(dv, dvalue);
    finish(dq, dquery);
    finish(dk, dkey);
}

}  // namespace

void attendByHead(const HeadShape& shape, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                  const at::Tensor& y, const at::Tensor& probabilities, const PastHeads& past) {
    const std::int64_t floats = 2 * shape.queries * shape.keys + 2 * (shape.queries + shape.keys) * shape.width;
    withElement(q, [&]<class T>() {
        overHeads(shape, floats, q, [&](std::int64_t item, Scratch scratch) {
            forwardHead<T>(shape, item, scratch, q, k, v, y, probabilities, past);
        });
    });
}

void attendByHeadBackward(const HeadShape& shape, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const at::Tensor& probabilities, const at::Tensor& dy, const std::array<at::Tensor, 3>& gradients) {
    const std::int64_t floats = 2 * shape.queries * shape.keys + (3 * shape.queries + 4 * shape.keys) * shape.width;
    withElement(q, [&]<class T>() {
        overHeads(shape, floats, q, [&](std::int64_t item, Scratch scratch) {
            backwardHead<T>(shape, item, scratch, {q, k, v}, probabilities, dy, gradients);
        });
    });
}

}  // namespace headroom::run
