// The plans of a Coder, and batches through them.
#include "models/generation/coder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "models/generation/items.h"
#include "models/registry.h"

namespace abax {
namespace {

// The labels that key the draws.
constexpr const char* sampling = "sample";
constexpr const char* posterior_sampling = "sample posterior";

/// An input of a plan, and the items for it.
struct Input {
  const std::string* name;
  const Tensor* items;
  int axis = 0;  // of the items
  Tensor batch = {};
};

/// The axis along which items differ from a batch for a plan: that of the batch. Where none does,
/// they are just a batch, and any axis of its size will do.
int axis_of(const std::string& name, const TensorType& items, const TensorType& plan,
            std::int64_t batch) {
  const Shape &have = items.shape, &want = plan.shape;
  int axis = -1;
  bool fits = items.dtype == plan.dtype && have.rank() == want.rank() && have.rank() > 0;
  for (int i = 0; fits && i < have.rank(); ++i) {
    if (have[i] == want[i]) continue;
    fits = axis < 0 && want[i] == batch;
    axis = i;
  }
  if (!fits)
    throw ShapeError(str_cat("the model takes '", name, "' as ", plan,
                             " with any number of items for ", batch, ", not ", items));
  for (int i = 0; axis < 0 && i < want.rank(); ++i)
    if (want[i] == batch) axis = i;
  return std::max(axis, 0);
}

}  // namespace

Coder::Coder(Variables& store, const ModelSettings& settings, Workers& workers,
             const BatchShape& shape, SourceLocation where)
    : store_(sharing_parameters(store)),
      workers_(workers),
      settings_(settings),
      parts_(settings.entry().autoencoder),
      batch_(shape),
      workspace_(make_workspace()) {
  if (!parts_.shape || !parts_.encode)
    throw UsageError(
        str_cat(settings.name(), " is no autoencoder: it has no codes\n  at ", place_of(where)));
  codes_ = parts_.shape(settings_);
}

std::unique_ptr<Coder::Way> Coder::finish(std::unique_ptr<Way> way) {
  way->execution.emplace(compile(way->graph, {way->result}), *store_, workers_, workspace_);
  return way;
}

Tensor Coder::through(Way& way, BatchInputs items) {
  std::vector<Input> inputs;
  std::int64_t count = -1;
  for (const auto& [name, tensor] : items) {
    // Without latents nothing is read; there are as many items all the same.
    const bool read = way.execution->reads(name);
    if (!read && (codes_.positions > 0 || !way.graph.given_names().contains(name))) continue;
    const TensorType& plan = way.graph.find(name).type();
    const int axis = axis_of(name, tensor.type(), plan, batch_.batch);
    const std::int64_t here = tensor.shape()[axis];
    if (count >= 0 && here != count)
      throw ShapeError(str_cat("'", name, "' is of ", here, " items, others are of ", count));
    count = here;
    if (read) inputs.push_back({&name, &tensor, axis, Tensor(plan)});
  }
  if (count < 0) throw UsageError("there is nothing that the model reads of these items");
  Tensor results(way.result.type().shape.with(0, count), way.result.type().dtype);
  for (std::int64_t first = 0; first < count; first += batch_.batch) {
    const std::int64_t some = std::min(batch_.batch, count - first);
    for (Input& input : inputs) {
      copy_items(input.items->view(), first, some, input.batch, 0, input.axis);
      way.execution->set(*input.name, input.batch);
    }
    way.execution->run();
    copy_items(way.execution->get(way.result), 0, some, results, first);
  }
  return results;
}

Tensor Coder::encode_by(Encode part, Ways& ways, const char* label, BatchInputs items,
                        const BatchShape& shape) {
  std::unique_ptr<Way>& way = ways[{shape.length, shape.target_length}];
  if (!way) {
    auto made = std::make_unique<Way>(*store_, label);
    made->result =
        part(made->graph, settings_,
             {.batch = batch_.batch, .length = shape.length, .target_length = shape.target_length});
    way = finish(std::move(made));
  }
  return through(*way, items);
}

Tensor Coder::encode(BatchInputs items) { return encode(items, batch_); }

Tensor Coder::encode(BatchInputs items, const BatchShape& shape) {
  return encode_by(parts_.encode, encode_, "encode", items, shape);
}

Tensor Coder::sample_posterior(BatchInputs items) { return sample_posterior(items, batch_); }

Tensor Coder::sample_posterior(BatchInputs items, const BatchShape& shape) {
  if (!parts_.sample_posterior)
    throw UsageError(str_cat(settings_.name(),
                             " has no posterior distribution to sample codes from: an item has one "
                             "code at each position; take that one"));
  return encode_by(parts_.sample_posterior, sample_posterior_, posterior_sampling, items, shape);
}

Tensor Coder::decode(const Tensor& codes) {
  if (!parts_.decode)
    throw UsageError(str_cat(settings_.name(),
                             " writes what codes stand for token by token, which is what a "
                             "SentenceCoder does"));
  const TensorType type{{batch_.batch, codes_.positions}, dtype()};
  if (codes.shape().rank() != 2 || codes.shape()[1] != codes_.positions || codes.dtype() != dtype())
    throw ShapeError(str_cat("the model takes codes [", codes_.positions, "] ", dtype(),
                             " each, not ", codes.type()));
  if (!decode_) {
    auto way = std::make_unique<Way>(*store_, "decode");
    const Range kinds = codes_.kinds > 0 ? values_in(0, codes_.kinds) : Range{};
    way->result = parts_.decode(way->graph, settings_,
                                way->graph.input("codes", type.shape, type.dtype, kinds));
    decode_ = finish(std::move(way));
  }
  const std::pair<std::string, Tensor> input{"codes", codes.clone()};
  return through(*decode_, {&input, 1});
}

Tensor Coder::sample(std::int64_t count) {
  if (!parts_.sample) throw UsageError("the model has no prior to draw codes from");
  if (!sample_) {
    auto way = std::make_unique<Way>(*store_, sampling);
    way->result = parts_.sample(way->graph, settings_, batch_.batch);
    sample_ = finish(std::move(way));
  }
  Tensor results({count, codes_.positions}, dtype());
  for (std::int64_t first = 0; first < count; first += batch_.batch) {
    sample_->execution->run();
    copy_items(sample_->execution->get(sample_->result), 0, std::min(batch_.batch, count - first),
               results, first);
  }
  return results;
}

EncodedItems encode(Coder& coder, const data::BatchSource& source, Codes kind) {
  std::vector<Tensor> parts;  // the codes of an item each
  EncodedItems result;
  data::Batch batch;
  for (std::int64_t position = 0; position < source.batches(); ++position) {
    source.fill(position, batch);
    const BatchShape& shape = source.shapes()[static_cast<std::size_t>(batch.shape)];
    const Tensor codes = kind == Codes::sampled ? coder.sample_posterior(batch.inputs, shape)
                                                : coder.encode(batch.inputs, shape);
    const auto weights = batch.input("weights").as<float>();
    const auto labels =
        std::ranges::find(batch.inputs, "labels", [](const auto& i) { return i.first; });
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] <= 0) continue;
      parts.emplace_back(codes.shape().with(0, 1), coder.dtype());
      copy_items(codes.view(), static_cast<std::int64_t>(i), 1, parts.back(), 0);
      const bool known = labels != batch.inputs.end();
      result.labels.push_back(known ? labels->second.as<std::int32_t>()[i] : -1);
    }
  }
  result.codes = Tensor({std::ssize(parts), coder.shape().positions}, coder.dtype());
  std::int64_t first = 0;
  for (const Tensor& part : parts) copy_items(part.view(), 0, 1, result.codes, first++);
  return result;
}

data::Batch images_at(const data::BatchSource& source, const std::vector<std::int64_t>& positions) {
  const std::int64_t rows = source.shapes()[0].batch;
  data::Batch result;
  result.counted = std::ssize(positions);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::int64_t at = positions[i];
    const bool known = at >= 0 && at < rows * source.batches();
    const data::Batch batch = source.make(known ? at / rows : 0);
    if (!known || at % rows >= batch.counted)
      throw UsageError(str_cat("there is no image ", at, "; the first is 0"));
    const Tensor& images = batch.input("images");
    Tensor& chosen =
        result.prepare("images", {images.shape().with(0, result.counted), images.dtype()});
    copy_items(images.view(), at % rows, 1, chosen, static_cast<std::int64_t>(i));
  }
  return result;
}

}  // namespace abax
