// Errors of ops name the line that calls them, also where an argument is an empty value.
#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "core/base/error.h"
#include "core/graph/graph.h"
#include "ops/attention.h"
#include "ops/convolution.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/gated.h"
#include "ops/lookup.h"
#include "ops/loss.h"
#include "ops/matmul.h"
#include "ops/normalise.h"
#include "ops/pooling.h"
#include "ops/position.h"
#include "ops/quantise.h"
#include "ops/random.h"
#include "ops/recurrent.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/update.h"
#include "tests/graph/refusal.h"

namespace abax {
namespace {

struct Arguments {
  Variables store;
  Graph g{store};
  Value x = g.input("x", {4, 6});
  Value ids = g.input("ids", {4}, i32);
  Value image = g.input("image", {2, 8, 8, 3});
  Value sequence = g.input("sequence", {5, 2, 4});
  Value rate = g.input("rate", {});
  Value w = g.parameter("w", {4, 6}, init::zeros());
  Value none;
};

struct Misuse {
  const char* name;
  std::function<void(Arguments&)> call;
};

/// Each fails where it is called, in this file.
const Misuse misuses[] = {
    {"x + none", [](auto& a) { a.x + a.none; }},
    {"none + 1", [](auto& a) { a.none + 1; }},
    {"x * 1e300", [](auto& a) { a.x * 1e300; }},
    {"-1e300 - x", [](auto& a) { -1e300 - a.x; }},
    {"less(x, 1e300)", [](auto& a) { less(a.x, 1e300); }},
    {"where(.., 1e300, x)", [](auto& a) { where(less(a.x, 0), 1e300, a.x); }},
    {"where(.., x, 1e300)", [](auto& a) { where(less(a.x, 0), a.x, 1e300); }},
    {"ids + 1e300", [](auto& a) { a.ids + 1e300; }},
    {"exp(none)", [](auto& a) { exp(a.none); }},
    {"where(none)", [](auto& a) { where(a.none, a.x, a.x); }},
    {"where(.., none)", [](auto& a) { where(less(a.x, 0), a.x, a.none); }},
    {"clamp(none)", [](auto& a) { clamp(a.none, 0, 1); }},
    {"cast(none)", [](auto& a) { cast(a.none, i32); }},
    {"swiglu(none)", [](auto& a) { swiglu(a.x, a.none); }},
    {"matmul(none)", [](auto& a) { matmul(a.x, a.none); }},
    {"sum(none)", [](auto& a) { sum(a.none); }},
    {"mean(none)", [](auto& a) { mean(a.none, 0); }},
    {"argmax(none)", [](auto& a) { argmax(a.none, 0); }},
    {"softmax(none)", [](auto& a) { softmax(a.none); }},
    {"layer_norm(none)", [](auto& a) { layer_norm(a.x, a.none, a.none); }},
    {"dropout(none)", [](auto& a) { dropout(a.none, 0.5f); }},
    {"dropout 2", [](auto& a) { dropout(a.x, 2); }},
    {"embedding(none)", [](auto& a) { embedding(a.none, a.w); }},
    {"embedding(.., none)", [](auto& a) { embedding(a.ids, a.none); }},
    {"gather(.., none)", [](auto& a) { gather(a.x, a.none); }},
    {"gather axis 9", [](auto& a) { gather(a.x, a.ids, 9); }},
    {"scatter_add(.., none)", [](auto& a) { scatter_add(a.x, a.none, 3); }},
    {"write_rows(none)", [](auto& a) { write_rows(a.none, a.x, a.ids); }},
    {"reverse(none)", [](auto& a) { reverse(a.none); }},
    {"one_hot(none)", [](auto& a) { one_hot(a.none, 3); }},
    {"one_hot of floats", [](auto& a) { one_hot(a.x, 3); }},
    {"reshape(none)", [](auto& a) { reshape(a.none, {-1}); }},
    {"reshape to others",
     [](auto& a) {
       reshape(a.x, {5, -1});
     }},
    {"reshape twice -1",
     [](auto& a) {
       reshape(a.x, {-1, -1});
     }},
    {"reshape to -3", [](auto& a) { reshape(a.x, {-3}); }},
    {"transpose(none)", [](auto& a) { transpose(a.none); }},
    {"transpose of a row", [](auto& a) { transpose(a.ids); }},
    {"transpose twice",
     [](auto& a) {
       transpose(a.x, {0, 0});
     }},
    {"slice(none)", [](auto& a) { slice(a.none, 0, 0, 1); }},
    {"slice axis 5", [](auto& a) { slice(a.x, 5, 0, 1); }},
    {"concat(none)",
     [](auto& a) {
       concat({a.none, a.x}, 0);
     }},
    {"concat(.., none)",
     [](auto& a) {
       concat({a.x, a.none}, 0);
     }},
    {"concat axis 4",
     [](auto& a) {
       concat({a.x, a.x}, 4);
     }},
    {"split(none)", [](auto& a) { split(a.none, 0, std::vector<std::int64_t>{1}); }},
    {"split axis 7", [](auto& a) { split(a.x, 7, std::vector<std::int64_t>{1}); }},
    {"stack(none)",
     [](auto& a) {
       stack({a.none, a.x});
     }},
    {"stack(.., none)",
     [](auto& a) {
       stack({a.x, a.none});
     }},
    {"stack axis 8",
     [](auto& a) {
       stack({a.x, a.x}, 8);
     }},
    {"unstack(none)", [](auto& a) { unstack(a.none); }},
    {"unstack axis 3", [](auto& a) { unstack(a.x, 3); }},
    {"attention(none)", [](auto& a) { attention(a.sequence, a.none, a.sequence, {}); }},
    {"conv2d(none)", [](auto& a) { conv2d(a.image, a.none); }},
    {"conv2d_transposed(none)", [](auto& a) { conv2d_transposed(a.none, a.x, 4, 4); }},
    {"average_pool(none)", [](auto& a) { average_pool(a.none, 2); }},
    {"average_pool by 3", [](auto& a) { average_pool(a.image, 3); }},
    {"max_pool(none)", [](auto& a) { max_pool(a.none, 2); }},
    {"max_pool of rows", [](auto& a) { max_pool(a.x, 2); }},
    {"resize_nearest(none)", [](auto& a) { resize_nearest(a.none, 2); }},
    {"resize_nearest by 0", [](auto& a) { resize_nearest(a.image, 0); }},
    {"sinusoidal_positions(none)", [](auto& a) { sinusoidal_positions(a.none, 3, 4); }},
    {"rotary(none)", [](auto& a) { rotary(a.none, 2, a.ids); }},
    {"rotary(.., none)", [](auto& a) { rotary(a.sequence, 2, a.none); }},
    {"rotary of rows", [](auto& a) { rotary(a.x, 2, 0); }},
    {"rotary 0 heads", [](auto& a) { rotary(a.sequence, 0, 0); }},
    {"nearest(none)", [](auto& a) { nearest(a.x, a.none); }},
    {"straight_through(none)", [](auto& a) { straight_through(a.none, a.x); }},
    {"unit_vectors(none)", [](auto& a) { unit_vectors(a.none); }},
    {"unit_vectors of a scalar", [](auto& a) { unit_vectors(a.rate); }},
    {"random_rows(none)", [](auto& a) { random_rows(a.none, 3); }},
    {"random_uniform", [](auto& a) { random_uniform(a.g, {2}, 3, 1); }},
    {"lstm(none)", [](auto& a) { lstm(a.sequence, {}, {}); }},
    {"lstm x", [](auto& a) { lstm(a.none, {}, {}); }},
    {"gru(none)", [](auto& a) { gru(a.sequence, a.none, {}); }},
    {"cross_entropy(none)", [](auto& a) { cross_entropy(a.x, a.none); }},
    {"cross_entropy_rows(none)", [](auto& a) { cross_entropy_rows(a.none, a.ids); }},
    {"mse(none)", [](auto& a) { mse(a.x, a.none); }},
    {"binary_cross_entropy(none)", [](auto& a) { binary_cross_entropy(a.none, a.x); }},
    {"mean of no loss", [](auto&) { mean(Loss{}); }},
    {"sgd(none)",
     [](auto& a) {
       sgd({}, a.x, {a.rate, a.rate, a.rate});
     }},
    {"sgd scalars",
     [](auto& a) {
       sgd({a.w, {}}, a.x, {});
     }},
    {"adam(none)",
     [](auto& a) {
       adam({}, a.x, {a.rate, a.rate, a.rate});
     }},
    {"adam no moments",
     [](auto& a) {
       adam({a.w, {}, {}}, a.x, {a.rate, a.rate, a.rate});
     }},
    {"update_sgd(none)",
     [](auto& a) {
       update_sgd(a.none, a.x, {a.rate, a.rate, a.rate});
     }},
    {"update_sgd of none",
     [](auto& a) {
       update_sgd(a.x, a.x, {a.rate, a.rate, a.rate});
     }},
    {"update_adam(none)",
     [](auto& a) {
       update_adam(a.none, a.x, {a.rate, a.rate, a.rate});
     }},
    {"update_adam, no gradient",
     [](auto& a) {
       update_adam(a.w, a.none, {a.rate, a.rate, a.rate});
     }},
    {"global_norm(none)", [](auto& a) { global_norm(std::vector{a.none}); }},
    {"global_norm of nothing", [](auto&) { global_norm({}); }},
    {"clip_by_global_norm(none)", [](auto& a) { clip_by_global_norm(std::vector{a.none}, 1); }},
};

/// Two graphs meet; `b` is of the other.
using Meeting = std::function<void(Arguments& a, Arguments& b)>;
const std::pair<const char*, Meeting> meetings[] = {
    {"operator+", [](auto& a, auto& b) { a.x + b.x; }},
    {"less", [](auto& a, auto& b) { less(a.x, b.x); }},
    {"where", [](auto& a, auto& b) { where(less(b.x, 0), a.x, 1); }},
    {"swiglu", [](auto& a, auto& b) { swiglu(a.x, b.x); }},
    {"matmul", [](auto& a, auto& b) { matmul(a.x, b.x, {.transpose_b = true}); }},
    {"layer_norm", [](auto& a, auto& b) { layer_norm(a.x, b.x, b.x); }},
    {"embedding", [](auto& a, auto& b) { embedding(a.ids, b.w); }},
    {"embedding of ids", [](auto& a, auto& b) { embedding(b.ids, a.w); }},
    {"gather", [](auto& a, auto& b) { gather(a.x, b.ids); }},
    {"scatter_add", [](auto& a, auto& b) { scatter_add(a.x, b.ids, 9); }},
    {"write_rows", [](auto& a, auto& b) { write_rows(a.x, b.x, b.ids); }},
    {"reverse", [](auto& a, auto& b) { reverse(a.sequence, b.ids); }},
    {"concat",
     [](auto& a, auto& b) {
       concat({a.x, b.x}, 0);
     }},
    {"stack",
     [](auto& a, auto& b) {
       stack({a.x, b.x});
     }},
    {"attention", [](auto& a, auto& b) { attention(a.sequence, b.sequence, b.sequence, {}); }},
    {"attention's limits",
     [](auto& a, auto& b) { attention(a.sequence, a.sequence, a.sequence, {}, b.ids); }},
    {"conv2d", [](auto& a, auto& b) { conv2d(a.image, b.image); }},
    {"rotary", [](auto& a, auto& b) { rotary(a.sequence, 2, b.ids); }},
    {"nearest", [](auto& a, auto& b) { nearest(a.x, b.x); }},
    {"straight_through", [](auto& a, auto& b) { straight_through(a.x, b.x); }},
    {"lstm",
     [](auto& a, auto& b) {
       lstm(a.sequence, {b.x, b.x}, {b.x, b.x, b.x});
     }},
    {"gru",
     [](auto& a, auto& b) {
       gru(a.sequence, b.x, {b.x, b.x, b.x, b.x});
     }},
    {"cross_entropy", [](auto& a, auto& b) { cross_entropy(a.x, b.ids); }},
    {"cross_entropy_rows", [](auto& a, auto& b) { cross_entropy_rows(a.x, b.ids); }},
    {"mse", [](auto& a, auto& b) { mse(a.x, b.x); }},
    {"mse's weights", [](auto& a, auto& b) { mse(a.x, a.x, b.x); }},
    {"binary_cross_entropy", [](auto& a, auto& b) { binary_cross_entropy(a.x, b.x); }},
    {"mean",
     [](auto& a, auto& b) {
       mean(Loss{a.rate, b.rate});
     }},
    {"sgd", [](auto& a, auto& b) { sgd({a.w, {}}, b.x, {a.rate, a.rate, a.rate}); }},
    {"adam", [](auto& a, auto& b) { adam({a.w, a.x, a.x}, a.x, {b.rate, b.rate, b.rate}); }},
    {"update_sgd", [](auto& a, auto& b) { update_sgd(a.w, b.x, {a.rate, a.rate, a.rate}); }},
    {"update_adam", [](auto& a, auto& b) { update_adam(a.w, b.x, {a.rate, a.rate, a.rate}); }},
    {"global_norm", [](auto& a, auto& b) { global_norm(std::vector{a.x, b.x}); }},
    {"clip_by_global_norm",
     [](auto& a, auto& b) { clip_by_global_norm(std::vector{a.x}, b.rate); }},
};

}  // namespace

TEST_CASE("errors of ops: values of two graphs cannot meet") {
  for (const auto& meeting : meetings) {
    INFO(std::string(meeting.first));
    Arguments a, b;
    const std::string message = test::refusal([&] { meeting.second(a, b); });
    CHECK_MESSAGE(message.find("graph") != std::string::npos, message);
    CHECK_MESSAGE(message.find("tests/ops/places_test.cpp:") != std::string::npos, message);
  }
}

TEST_CASE("errors of ops: the caller's line, for every op and wrong argument") {
  for (const Misuse& misuse : misuses) {
    INFO(std::string(misuse.name));
    Arguments arguments;
    const std::string message = test::refusal([&] { misuse.call(arguments); });
    CHECK_MESSAGE(message.find("tests/ops/places_test.cpp:") != std::string::npos, message);
  }
}

}  // namespace abax
