// Codebooks with a loss or moving averages, finite scalars, and either in groups and stages.
#include "models/latents/quantiser.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/gradients.h"
#include "models/latents/finite_scalar.h"
#include "models/settings/values.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/quantise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

constexpr float fading = 100;  // smoothings: of a count below so many a hundredth is lost
constexpr const char* no_restarts =
    "codes restart by their moving average: restarts want a codebook decay above 0";
constexpr const char* no_cosine_stages =
    "cosine codes have no stages: a direction leaves nothing for a further one";

void check(const Quantiser& c) {
  check_settings(c, "a quantiser");
  if (const auto* finite = std::get_if<Finite>(&c.kind)) check_levels(finite->levels);
}

/// "codebook", or "codebook2" of several.
std::string book_name(std::string_view name, const Quantiser& c, std::int64_t number) {
  const bool several = c.numbered || c.groups * c.stages > 1;
  return several ? str_cat(name, number) : std::string(name);
}

Value column(Value x) { return reshape(x, x.shape().inserted(1, 1)); }  // [n] -> [n, 1]

/// Rows uniform with variance 1 / width, as Sonnet's codebooks begin; of cosine codes unit vectors.
Initialiser first_codes(std::int64_t width, bool unit) {
  return {[width, unit](Tensor& book, Random& random) {
    const double limit = std::sqrt(3.0 / static_cast<double>(width));
    const auto values = book.as<float>();
    for (float& x : values) x = static_cast<float>(limit * (2 * random.uniform() - 1));
    if (!unit) return;
    const auto size = static_cast<std::size_t>(width);
    for (std::size_t at = 0; at + size <= values.size(); at += size) {
      double square = 0;
      for (std::size_t i = at; i < at + size; ++i) square += double{values[i]} * values[i];
      for (std::size_t i = at; i < at + size; ++i)
        values[i] = static_cast<float>(values[i] / std::sqrt(square));
    }
  }};
}

/// The codebook's variable of that name in the current scope, [codes, width].
Value codebook(Graph& g, const std::string& name, std::int64_t width, const Nearest& c) {
  const Value book =
      g.parameter_without_decay(name, {c.codes, width}, first_codes(width, c.cosine));
  if (c.codebook_decay > 0) g.variable(book).frozen = true;  // it moves by its averages alone
  return book;
}

/// What one codebook makes of n vectors, or several of them together.
struct Part {
  Value codes;       // [n] i32; of several [n, codebooks]
  Value target;      // [n, width]: what the values stand for
  Value values;      // [n, width]: the codes' vectors
  Value commitment;  // [n]
  Value loss;        // [n]
  Value counts;      // [codebooks * kinds]
};

/// The moving averages, and the codebook that follows from them. Where `active`, u8 [], is given
/// and 0, all stays.
void move_codebook(Value book, const std::string& name, Value z, Value weights, const Part& part,
                   Value active, const Nearest& c) {
  Graph& g = book.graph();
  const float first = first_count(c);
  // A random code counts as much as one vector in one batch; more only not to restart at once.
  const float random = c.restart_below > 0 ? first : 1 - c.codebook_decay;
  const Value counts = g.saved_state(name + "/counts", {{c.codes}, f32}, init::constant(random));
  const Tensor& first_book = g.variable(book).value();  // an initialiser must not ask the store
  const Initialiser first_sums{[&](Tensor& sums, Random&) {
    std::ranges::transform(first_book.as<float>(), sums.as<float>().begin(),
                           [&](float x) { return random * x; });
  }};
  const Value sums = g.saved_state(name + "/sums", book.type(), first_sums);
  const float decay = c.codebook_decay;
  Value new_counts = decay * counts + (1 - decay) * part.counts;  // [codes]
  const Value added = scatter_add(z * column(weights), part.codes, c.codes);
  Value new_sums = decay * sums + (1 - decay) * added;  // [codes, width]
  Value new_book;
  if (c.cosine) {
    const Value known = greater(sum(square(new_sums), {-1}, Keep::axes), 1e-30f);
    new_book = where(known, unit_vectors(new_sums), book);
  } else {
    const Value total = sum(new_counts);
    const float all = static_cast<float>(c.codes) * c.codebook_smoothing;
    new_book = new_sums / column((new_counts + c.codebook_smoothing) / (total + all) * total);
    // A code that no vector meets keeps its place before the smoothing takes it to the origin.
    const float least = fading * c.codebook_smoothing;
    const Value faded = less(where(greater(part.counts, 0), least, new_counts), least);  // [codes]
    new_book = where(column(faded), book, new_book);
  }
  if (c.restart_below > 0) {
    // Without a vector to start from, no code restarts.
    const Value least = where(greater(sum(weights), 0), g.constant(c.restart_below), 0);
    const Value dead = less(new_counts, least);                    // [codes]
    const Value fresh = gather(z, random_rows(weights, c.codes));  // [codes, width]
    new_book = where(column(dead), fresh, new_book);
    new_counts = where(dead, first, new_counts);
    new_sums = where(column(dead), first * fresh, new_sums);
  }
  const auto assign = [&](Value old, Value now) {
    g.assign(old, active ? where(active, now, old) : now);
  };
  assign(book, new_book);
  assign(counts, new_counts);
  assign(sums, new_sums);
}

/// The nearest codes of z [n, width]; weights [n].
Part nearest_codes(Value z, Value weights, const std::string& name, Value active,
                   const Nearest& c) {
  Graph& g = z.graph();
  if (c.cosine) z = unit_vectors(z);
  g.name(z, name + "/inputs");
  const Value variable = codebook(g, name, z.shape()[1], c);
  const Value book = c.cosine ? unit_vectors(variable) : variable;
  Part part;
  part.target = z;
  part.codes = nearest(z, book);
  part.values = embedding(part.codes, book);
  part.commitment = mean(square(z - stop_gradient(part.values)), {-1}) * weights;
  part.loss = c.commitment * part.commitment;
  if (c.codebook_decay == 0)
    part.loss = part.loss + mean(square(part.values - stop_gradient(z)), {-1}) * weights;
  part.counts = scatter_add(weights, part.codes, c.codes);
  if (c.codebook_decay > 0 && g.training())
    move_codebook(variable, name, z, weights, part, active, c);
  return part;
}

/// The finite scalars of z [n, width], or of what the stages before this one left of it.
Part finite_codes(Value z, Value weights, std::int64_t stage, const Finite& c) {
  const FiniteScalars rounded =
      stage == 0 ? finite_scalars(z, c.levels) : finite_remainders(z, c.levels, stage);
  const Value nothing = z.graph().constant(Tensor(weights.shape()));
  return {.codes = rounded.codes,
          .target = rounded.bounded,
          .values = rounded.values,
          .commitment = nothing,
          .loss = nothing,
          .counts = scatter_add(weights, rounded.codes, kinds_of_levels(c.levels))};
}

/// Of parts: their codes [n, ..] side by side, their counts one after another, their loss summed.
Part joined(const std::vector<Part>& parts) {
  Part result = parts.front();
  std::vector<Value> codes, counts;
  for (const Part& part : parts) {
    codes.push_back(part.codes);
    counts.push_back(part.counts);
    if (&part == &parts.front()) continue;
    result.commitment = result.commitment + part.commitment;
    result.loss = result.loss + part.loss;
  }
  result.codes = concat(codes, 1);
  result.counts = concat(counts, 0);
  return result;
}

/// How many stages a batch uses, f32 [] (with a part behind the point that means nothing); empty
/// for all.
Value used_stages(Graph& g, const Quantiser& c) {
  if (!g.training() || c.quantiser_dropout == 0 || c.stages < 2) return {};
  const auto stages = static_cast<float>(c.stages);
  const Value fewer = less(random_uniform(g, {}), c.quantiser_dropout);
  return where(fewer, random_uniform(g, {}, 1, stages), stages);
}

/// A group, stage by stage: what is left of z.
Part in_stages(Value z, Value weights, const Quantiser& c, std::string_view name,
               std::int64_t group, Value used) {
  std::vector<Part> parts;
  Value left = z, total;
  for (std::int64_t stage = 0; stage < c.stages; ++stage) {
    Value active;  // u8 []
    if (used && stage > 0) active = greater_equal(used, static_cast<float>(stage + 1));
    const auto* nearest = std::get_if<Nearest>(&c.kind);
    Part part = nearest ? nearest_codes(left, weights, book_name(name, c, group * c.stages + stage),
                                        active, *nearest)
                        : finite_codes(left, weights, stage, std::get<Finite>(c.kind));
    if (active) {
      const Value share = cast(active, f32);
      part.values = share * part.values;
      part.commitment = share * part.commitment;
      part.loss = share * part.loss;
      part.counts = share * part.counts;
    }
    const Value given = stop_gradient(part.values);
    left = part.target - given;
    total = total ? total + given : given;
    part.codes = column(part.codes);
    parts.push_back(part);
  }
  Part result = joined(parts);
  result.values = straight_through(result.target, total);
  return result;
}

/// Every group's part of the width by its own codebooks.
Part in_groups(Value z, Value weights, const Quantiser& c, std::string_view name) {
  const Value used = used_stages(z.graph(), c);
  if (c.groups == 1) return in_stages(z, weights, c, name, 0, used);
  const std::vector<std::int64_t> widths(static_cast<std::size_t>(c.groups),
                                         z.shape()[1] / c.groups);
  std::vector<Part> parts;
  std::vector<Value> values;
  for (const Value& piece : split(z, -1, widths)) {
    parts.push_back(in_stages(piece, weights, c, name, std::ssize(parts), used));
    values.push_back(parts.back().values);
  }
  Part part = joined(parts);
  part.values = concat(values, -1);
  part.commitment = part.commitment * (1.f / static_cast<float>(c.groups));
  part.loss = part.loss * (1.f / static_cast<float>(c.groups));
  return part;
}

}  // namespace

void fields(Fields& f, Nearest& n) {
  f("codes", n.codes, "vectors of a codebook").at_least(1).at_most(1 << 24);
  f("commitment", n.commitment, "weight of the commitment term").at_least(0);
  f("codebook-decay", n.codebook_decay,
    "of the codebook's moving averages; 0: it learns by gradients")
      .at_least(0)
      .below(1);
  if (n.codebook_decay > 0 && !n.cosine)
    f("codebook-smoothing", n.codebook_smoothing, "of the counts that the averages are divided by")
        .above(0)
        .at_most(1);
  f("cosine", n.cosine, "codes are found by their direction alone");
  f("codebook-start", n.codebook_start, "by k-means on data, or random").one_of({"data", "random"});
  f("restart-below", n.restart_below,
    "codes used less often than this a batch move to the data; 0: never")
      .at_least(0);
  f.require(n.restart_below == 0 || n.codebook_decay > 0, no_restarts);
}

void fields(Fields& f, Finite& n) {
  f("levels", n.levels, "values of each dimension").at_least(2).at_most(1 << 24);
}

Field& code_width_field(Fields& f, std::int64_t& width, std::string help) {
  return f("code-width", width, std::move(help)).at_least(1).at_most(1 << 16);
}

void fields(Fields& f, Quantiser& q) {
  f.choice("quantiser", q.kind, {"nearest", "finite"},
           "how a vector becomes a code: by the nearest of a codebook, or by finite scalars (FSQ)")
      .formerly("residual", "--quantiser nearest --stages N");
  const auto* nearest = std::get_if<Nearest>(&q.kind);
  if (nearest) code_width_field(f, q.code_width, "numbers of a code's vector");
  f("stages", q.stages, "codebooks in turn, each for what the ones before it left")
      .at_least(1)
      .at_most(64)
      .opens(2);
  if (q.stages > 1)
    f("quantiser-dropout", q.quantiser_dropout,
      "share of the batches that use only some of the stages")
        .at_least(0)
        .at_most(1);
  f("groups", q.groups, "codebooks side by side, each for a part of the width")
      .at_least(1)
      .at_most(1 << 16);
  if (q.groups * q.stages == 1) f.derived("numbered-codebook", q.numbered);
  if (!nearest) return;
  f.require(q.code_width % std::max<std::int64_t>(q.groups, 1) == 0,
            str_cat(q.groups, " groups do not divide the width ", q.code_width, " (code-width)"));
  f.require(!nearest->cosine || q.stages == 1, no_cosine_stages);
}

void upgrade_quantiser(std::map<std::string, std::string>& values) {
  const bool residual = values["quantiser"] == "residual";
  if (residual) values["quantiser"] = std::string("nearest");
  if (!residual) values["stages"] = std::string("1");
  values["numbered-codebook"] = residual && values["stages"] == "1" ? "true" : "false";
}

std::int64_t quantised_width(const Quantiser& c, SourceLocation where) {
  called_from(where, [&] { check(c); });
  const auto* finite = std::get_if<Finite>(&c.kind);
  return finite ? c.groups * std::ssize(finite->levels) : c.code_width;
}

std::int64_t codebooks(const Quantiser& c, SourceLocation where) {
  called_from(where, [&] { check(c); });
  return c.groups * c.stages;
}

std::int64_t code_kinds(const Quantiser& c, SourceLocation where) {
  called_from(where, [&] { check(c); });
  const auto* finite = std::get_if<Finite>(&c.kind);
  return finite ? kinds_of_levels(finite->levels) : std::get<Nearest>(c.kind).codes;
}

float first_count(const Nearest& c) { return 1 + c.restart_below; }

namespace {

Quantised quantised(Value z, Value weights, const Quantiser& c, std::string_view name) {
  const std::int64_t width = quantised_width(c);
  const Shape& shape = z.shape();
  if (shape.rank() < 1 || shape.at(-1) != width || z.dtype() != f32 ||
      weights.type() != TensorType{shape.without(-1), f32})
    throw ShapeError(str_cat("quantise: expected z f32[.., ", width, "] and weights f32[..], got ",
                             z.type(), " and ", weights.type()));
  const Shape rows = shape.without(-1);
  const Part part =
      in_groups(reshape(z, {rows.size(), width}), reshape(weights, {rows.size()}), c, name);
  return {.codes = reshape(part.codes, rows.inserted(rows.rank(), codebooks(c))),
          .values = reshape(part.values, shape),
          .commitment = reshape(part.commitment, rows),
          .loss = reshape(part.loss, rows),
          .counts = part.counts};
}

Value looked_up(Value codes, const Quantiser& c, std::string_view name) {
  const std::int64_t books = codebooks(c), width = quantised_width(c) / c.groups;
  if (codes.dtype() != i32 || codes.shape().rank() < 1 || codes.shape().at(-1) != books)
    throw ShapeError(
        str_cat("lookup: expected codes i32[.., ", books, "], one a codebook, got ", codes.type()));
  Graph& g = codes.graph();
  const auto book_of = [&](std::int64_t number) {
    if (const auto* finite = std::get_if<Finite>(&c.kind))
      return g.constant(finite_codebook(finite->levels, number % c.stages));
    const auto& nearest = std::get<Nearest>(c.kind);
    const Value variable = codebook(g, book_name(name, c, number), width, nearest);
    return nearest.cosine ? unit_vectors(variable) : variable;
  };
  std::vector<Value> groups;
  std::int64_t number = 0;
  for (const Value& each : unstack(codes, -1)) {
    const Value part = embedding(each, book_of(number));
    if (number++ % c.stages == 0)
      groups.push_back(part);
    else
      groups.back() = groups.back() + part;
  }
  return concat(groups, -1);
}

}  // namespace

Quantised quantise(Value z, Value weights, const Quantiser& c, std::string_view name,
                   SourceLocation where) {
  return called_from(where, [&] { return quantised(z, weights, c, name); });
}

Value lookup(Value codes, const Quantiser& c, std::string_view name, SourceLocation where) {
  return called_from(where, [&] { return looked_up(codes, c, name); });
}

Value code_perplexity(Value counts, std::int64_t books) {
  const Value each = reshape(counts, {books, -1});
  const Value share = each / maximum(sum(each, {-1}, Keep::axes), 1e-30f);
  // 0 log 0 is 0.
  const Value entropy = -sum(share * log(maximum(share, 1e-30f)), {-1});
  return mean(exp(entropy));
}

}  // namespace abax
