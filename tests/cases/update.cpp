// Cases of ops/update.h. No gradients: nothing flows through an update.
#include "ops/update.h"

#include <cmath>

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

constexpr double rate = 0.01, step = 3, scale = 0.5;

/// `tensors` arguments of one shape, then the gradient scale and the learning rate.
std::vector<Argument> sgd_arguments(Shape shape, int tensors) {
  std::vector<Argument> result(static_cast<std::size_t>(tensors), {shape});
  for (const double scalar : {scale, rate}) result.push_back({.shape = {}, .values = {scalar}});
  return result;
}

/// Four arguments of one shape (the last not negative), then gradient scale, learning rate and
/// step.
std::vector<Argument> adam_arguments(Shape shape) {
  std::vector<Argument> result = sgd_arguments(shape, 4);
  result[3].low = 0;
  result.push_back({.shape = {}, .values = {step}});
  return result;
}

/// PyTorch 2.6, torch/optim/sgd.py, _single_tensor_sgd.
Case sgd_case(std::string name, Shape shape, SgdOptions options) {
  const int tensors = options.momentum > 0 ? 3 : 2;
  return {.name = "sgd/" + name,
          .arguments = sgd_arguments(shape, tensors),
          .build =
              [=](auto x) {
                const Value velocity = tensors == 3 ? x[2] : Value{};
                const UpdateScalars scalars{x[tensors + 1], x[tensors + 1], x[tensors]};
                const SgdState next = sgd({x[0], velocity}, x[1], scalars, options);
                return tensors == 3 ? std::vector{next.parameter, next.momentum}
                                    : std::vector{next.parameter};
              },
          .reference = [=](auto x) -> std::vector<Reference> {
            Reference p = x[0], buffer = x[tensors - 1];
            for (std::size_t i = 0; i < p.values.size(); ++i) {
              const double g = x[1].values[i] * scale + options.weight_decay * p.values[i];
              double direction = g;
              if (tensors == 3) {
                buffer.values[i] = options.momentum * buffer.values[i] + g;
                direction =
                    options.nesterov ? g + options.momentum * buffer.values[i] : buffer.values[i];
              }
              p.values[i] -= rate * direction;
            }
            return tensors == 3 ? std::vector{p, buffer} : std::vector{p};
          },
          .gradient = false};
}

/// Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2.
Case adam_case(std::string name, Shape shape, AdamOptions options, bool decoupled) {
  return {.name = str_cat(decoupled ? "adamw/" : "adam/", name),
          .arguments = adam_arguments(shape),
          .build =
              [=](auto x) {
                const AdamState next = (decoupled ? adamw : adam)({x[0], x[2], x[3]}, x[1],
                                                                  {x[5], x[6], x[4]}, options);
                return std::vector{next.parameter, next.first, next.second};
              },
          .reference = [=](auto x) -> std::vector<Reference> {
            Reference p = x[0], m = x[2], v = x[3];
            for (std::size_t i = 0; i < p.values.size(); ++i) {
              const double l2 = decoupled ? 0 : options.weight_decay;
              const double g = x[1].values[i] * scale + l2 * p.values[i];
              m.values[i] = options.beta1 * m.values[i] + (1 - options.beta1) * g;
              v.values[i] = options.beta2 * v.values[i] + (1 - options.beta2) * g * g;
              const double m_hat = m.values[i] / (1 - std::pow(options.beta1, step));
              const double v_hat = v.values[i] / (1 - std::pow(options.beta2, step));
              if (decoupled) p.values[i] -= rate * options.weight_decay * p.values[i];
              p.values[i] -= rate * m_hat / (std::sqrt(v_hat) + options.epsilon);
            }
            return {p, m, v};
          },
          .gradient = false};
}

Case norm_case(std::string name, std::vector<Argument> arguments) {
  return {.name = "global_norm/" + name,
          .arguments = std::move(arguments),
          .build = [](auto x) { return std::vector{global_norm(x)}; },
          .reference = [](auto x) -> std::vector<Reference> {
            double sum = 0;
            for (const Reference& tensor : x)
              for (const double v : tensor.values) sum += v * v;
            return {{{}, {std::sqrt(sum)}}};
          },
          .gradient = false};
}

Case clip_case(std::string name, float limit) {
  return {.name = "clip_by_global_norm/" + name,
          .arguments = {{{3, 5}}, {{7}}},
          .build =
              [=](auto x) {
                const Clipping clipping = clip_by_global_norm(x, limit);
                return std::vector{clipping.norm, clipping.scale};
              },
          .reference = [=](auto x) -> std::vector<Reference> {
            double sum = 0;
            for (const Reference& tensor : x)
              for (const double v : tensor.values) sum += v * v;
            const double norm = std::sqrt(sum);
            return {{{}, {norm}}, {{}, {std::min(1., double{limit} / (norm + 1e-6))}}};
          },
          .gradient = false};
}

}  // namespace

Family update_family() {
  Family family{.name = "update", .cases = {}, .bad = {}};
  for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{7, 5}, Shape{33, 2049}}) {
    family.cases.push_back(sgd_case(str_cat("plain ", shape), shape, {}));
    family.cases.push_back(sgd_case(str_cat("momentum ", shape), shape, {.momentum = 0.9}));
    family.cases.push_back(adam_case(str_cat(shape), shape, {}, false));
    family.cases.push_back(adam_case(str_cat(shape), shape, {.weight_decay = 0.1}, true));
  }
  family.cases.push_back(sgd_case("nesterov and decay", {17},
                                  {.momentum = 0.8, .nesterov = true, .weight_decay = 0.1}));
  family.cases.push_back(sgd_case("decay", {17}, {.weight_decay = 0.1}));
  family.cases.push_back(
      adam_case("other options", {17},
                {.beta1 = 0.5, .beta2 = 0.9, .epsilon = 1e-3, .weight_decay = 0.1}, false));
  family.cases.push_back(norm_case("one scalar", {{{}}}));
  family.cases.push_back(norm_case("nothing", {{{0, 3}}}));
  family.cases.push_back(norm_case("odd sizes", {{{7, 5}}, {{33, 2049}}, {{0}}, {{1}}}));
  family.cases.push_back(clip_case("clipped", 0.5f));
  family.cases.push_back(clip_case("left alone", 100));

  const auto build_adam = [](auto x) { adam({x[0], x[2], x[3]}, x[1], {x[4], x[4], x[4]}); };
  family.bad = {
      {"adam/other gradient",
       {{{4}}, {{5}}, {{4}}, {{4}}, {{}}},
       build_adam,
       {"adam", "[4]", "[5]"}},
      {"adam/rate not a scalar", {{{4}}, {{4}}, {{4}}, {{4}}, {{1}}}, build_adam, {"adam", "[1]"}},
      {"adam/beta 1",
       {{{4}}, {{4}}, {{4}}, {{4}}, {{}}},
       [](auto x) {
         adam({x[0], x[2], x[3]}, x[1], {x[4], x[4], x[4]}, {.beta1 = 1});
       },
       {"adam", "betas 1"}},
      {"sgd/integers",
       {{{4}, i32}, {{4}, i32}, {{}}},
       [](auto x) {
         sgd({x[0], {}}, x[1], {x[2], x[2], x[2]});
       },
       {"sgd", "i32[4]"}},
      {"sgd/momentum without state",
       {{{4}}, {{4}}, {{}}},
       [](auto x) {
         sgd({x[0], {}}, x[1], {x[2], x[2], x[2]}, {.momentum = 0.9});
       },
       {"sgd", "momentum"}},
      {"global_norm/integers",
       {{{4}, i32}},
       [](auto x) { global_norm(x); },
       {"global_norm", "i32"}},
  };
  return family;
}

}  // namespace abax::cases
