// Log-likelihoods and means of pixels under a Bernoulli, a Gaussian, a discretised logistic.
#include "models/layers/pixels.h"

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "ops/elementwise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

Value bernoulli(Value logits, Value x) { return x * logits - softplus(logits); }

/// So that a network whose outputs begin near 0 begins with grey images.
Value gaussian_mean(Value parameters) { return parameters + 0.5; }

Value gaussian(Value mean, Value x, double variance) {
  return -0.5 * std::log(2 * std::numbers::pi * variance) - square(x - mean) * (0.5 / variance);
}

constexpr float least_log_scale = -7;

struct Logistic {
  Value mean, log_scale;
};

Logistic logistic(Value parameters) {
  const std::int64_t channels = parameters.shape().at(-1) / 2;
  const std::vector<Value> parts = split(parameters, -1, std::array{channels, channels});
  return {parts[0], maximum(parts[1], least_log_scale)};
}

/// log(1 - exp(-exp(log_d))): of small d by a series, since the difference would cancel.
Value log_one_minus_exp(Value log_d) {
  const Value d = exp(log_d), d2 = square(d);
  // log((1 - exp(-d)) / d), to d^6 / 181,440.
  const Value small = log_d - 0.5 * d + d2 * (1.0 / 24 - d2 * (1.0 / 2880));
  const Value large = log(1 - exp(-maximum(d, 0.5)));
  return where(less(d, 0.5), small, large);
}

Value logistic(const Logistic& l, Value x) {
  const Value inverse_scale = exp(-l.log_scale);
  const Value distance = 2 * x - 1 - l.mean;
  const Value above = (distance + 1.0 / 255) * inverse_scale;
  const Value below = (distance - 1.0 / 255) * inverse_scale;
  const Value tail_above = softplus(below);   // -log(1 - sigmoid(below))
  const Value tail_below = softplus(-above);  // -log(sigmoid(above))
  // sigmoid(a) - sigmoid(b) = (1 - exp(b - a)) sigmoid(a) (1 - sigmoid(b)), whose logarithm
  // underflows nowhere.
  const Value inside = log_one_minus_exp(std::log(2.0 / 255) - l.log_scale) - tail_below;
  const Value lowest = less(x, 0.5 / 255), highest = greater(x, 254.5 / 255);
  return where(lowest, -tail_below, where(highest, -tail_above, inside - tail_above));
}

UsageError unknown(const Pixels& c, const SourceLocation& where) {
  return UsageError(str_cat("there is no likelihood '", c.likelihood,
                            "' of pixels; known are bernoulli, gaussian, logistic\n  at ",
                            place_of(where)));
}

}  // namespace

void fields(Fields& f, Pixels& p) {
  f.derived("pixel-variance", p.variance);
  f("likelihood", p.likelihood, "of a pixel given the code; logistic: discretised")
      .one_of({"bernoulli", "gaussian", "logistic"});
}

int pixel_outputs(const Pixels& c, SourceLocation where) {
  if (c.likelihood == "bernoulli" || c.likelihood == "gaussian") return 1;
  if (c.likelihood == "logistic") return 2;
  throw unknown(c, where);
}

Value pixel_log_likelihood(Value parameters, Value images, const Pixels& c, SourceLocation where) {
  const int outputs = pixel_outputs(c, where);
  return called_from(where, [&] {
    const Shape &have = parameters.shape(), &x = images.shape();
    if (have.rank() < 3 || x.rank() < 3 || have.at(-3) != x.at(-3) || have.at(-2) != x.at(-2) ||
        have.at(-1) != outputs * x.at(-1))
      throw ShapeError(
          str_cat("pixel_log_likelihood: expected parameters [.., height, width, ", outputs,
                  " * channels] of images [.., height, width, channels], came ", have, " of ", x));
    const Value each = c.likelihood == "bernoulli" ? bernoulli(parameters, images)
                       : c.likelihood == "gaussian"
                           ? gaussian(gaussian_mean(parameters), images, c.variance)
                           : logistic(logistic(parameters), images);
    return sum(each, {-3, -2, -1});
  });
}

Value pixel_draw(Value parameters, const Pixels& c, SourceLocation where) {
  const int outputs = pixel_outputs(c, where);
  return called_from(where, [&] {
    Graph& g = parameters.graph();
    if (outputs == 2) {
      const Logistic l = logistic(parameters);
      const Value u = random_open_uniform(g, l.mean.shape());
      const Value x = l.mean + exp(l.log_scale) * (log(u) - log(1 - u));  // the quantile of u
      return cast(cast(clamp(127.5f * x + 128, 0, 255), i32), f32) / 255.f;
    }
    if (c.likelihood == "gaussian")
      return gaussian_mean(parameters) +
             std::sqrt(c.variance) * random_normal(g, parameters.shape());
    return cast(less(random_uniform(g, parameters.shape()), sigmoid(parameters)), f32);
  });
}

Value pixel_mean(Value parameters, const Pixels& c, SourceLocation where) {
  const int outputs = pixel_outputs(c, where);
  return called_from(where, [&] {
    if (outputs == 2) return clamp(0.5 * logistic(parameters).mean + 0.5, 0, 1);
    return c.likelihood == "bernoulli" ? sigmoid(parameters) : gaussian_mean(parameters);
  });
}

Value pixel_distortion(Value parameters, Value mean, Value images, const Pixels& c,
                       SourceLocation where) {
  return called_from(where, [&] {
    if (c.likelihood == "gaussian") return square(images - mean) * (1 / c.variance);
    const auto count = static_cast<float>(images.shape().size(1, 4));
    return pixel_log_likelihood(parameters, images, c) * (-1 / count);
  });
}

}  // namespace abax
