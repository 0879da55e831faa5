// Frequencies of labels, of codes and of both together.
#include "models/metrics/homogeneity.h"

#include <cmath>
#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

/// -sum of count / total log(count / total), the counts being those of a map.
template <class Counts>
double entropy(const Counts& counts, std::int64_t total) {
  double result = 0;
  for (const auto& [symbol, count] : counts) {
    const double p = static_cast<double>(count) / static_cast<double>(total);
    result -= p * std::log(p);
  }
  return result;
}

/// How many codes an item has; throws unless the codes fit the labels.
std::size_t codes_an_item(const Tensor& codes, std::span<const std::int32_t> labels) {
  if (codes.dtype() != i32 || codes.shape().rank() < 1 || codes.shape()[0] != std::ssize(labels))
    throw ShapeError(str_cat("agreement: expected codes i32[items, ..] and as many labels, got ",
                             codes.type(), " and ", labels.size(), " labels"));
  std::size_t count = 1;
  for (int axis = 1; axis < codes.shape().rank(); ++axis)
    count *= static_cast<std::size_t>(codes.shape()[axis]);
  return count;
}

/// Of the codes [first, first + count) of each item.
Agreement agreement_of(const Tensor& codes, std::span<const std::int32_t> labels, std::size_t first,
                       std::size_t count) {
  using Symbol = std::vector<std::int32_t>;
  const auto all = codes.as<std::int32_t>();
  const std::size_t step = codes_an_item(codes, labels);
  std::map<std::int32_t, std::int64_t> of_label;
  std::map<Symbol, std::int64_t> of_code;
  std::map<std::pair<std::int32_t, Symbol>, std::int64_t> of_both;
  Agreement result;
  for (std::size_t item = 0; item < labels.size(); ++item) {
    if (labels[item] < -1)
      throw DataError(str_cat("agreement: item ", item, " has the label ", labels[item],
                              "; labels count from 0, and -1 stands for none"));
    if (labels[item] < 0) continue;
    const auto mine = all.subspan(item * step + first, count);
    const Symbol symbol(mine.begin(), mine.end());
    ++result.items;
    ++of_label[labels[item]];
    ++of_code[symbol];
    ++of_both[{labels[item], symbol}];
  }
  if (result.items == 0) throw UsageError("agreement: no item has a label");
  result.label_entropy = entropy(of_label, result.items);
  result.code_entropy = entropy(of_code, result.items);
  double label_given_code = 0, code_given_label = 0;  // H(C|K), H(K|C); exactly 0 where determined
  for (const auto& [both, count] : of_both) {
    const auto& [label, symbol] = both;
    const auto n = static_cast<double>(count);
    const double p = n / static_cast<double>(result.items);
    label_given_code -= p * std::log(n / static_cast<double>(of_code.at(symbol)));
    code_given_label -= p * std::log(n / static_cast<double>(of_label.at(label)));
  }
  if (result.label_entropy > 0) result.homogeneity = 1 - label_given_code / result.label_entropy;
  if (result.code_entropy > 0) result.completeness = 1 - code_given_label / result.code_entropy;
  return result;
}

}  // namespace

Agreement agreement(const Tensor& codes, std::span<const std::int32_t> labels) {
  return agreement_of(codes, labels, 0, codes_an_item(codes, labels));
}

std::vector<Agreement> agreement_by_position(const Tensor& codes,
                                             std::span<const std::int32_t> labels) {
  std::vector<Agreement> result;
  const std::size_t positions = codes_an_item(codes, labels);
  for (std::size_t position = 0; position < positions; ++position)
    result.push_back(agreement_of(codes, labels, position, 1));
  return result;
}

}  // namespace abax
