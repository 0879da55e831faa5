// The plans of an ImageCoder, and batches through them.
#include "models/generation/image_coder.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"

namespace abax {
namespace {

// The labels that key the draws.
constexpr const char* sampling = "sample";
constexpr const char* posterior_sampling = "sample posterior";

/// Rows [first, first + count) of `from` as the first rows of `to`, or the other way round.
void copy_rows(const Tensor& from, std::int64_t first, std::int64_t count, Tensor& to,
               std::int64_t to_first) {
  const auto row = from.bytes() / static_cast<std::size_t>(from.shape()[0]);
  std::memcpy(static_cast<std::byte*>(to.data()) + static_cast<std::size_t>(to_first) * row,
              static_cast<const std::byte*>(from.data()) + static_cast<std::size_t>(first) * row,
              static_cast<std::size_t>(count) * row);
}

Tensor copied(const TensorView& view) {
  Tensor result(view.type);
  std::memcpy(result.data(), view.data, result.bytes());
  return result;
}

void expect(std::string_view what, const TensorType& type, const TensorType& expected) {
  if (type.shape.rank() == expected.shape.rank() &&
      type == TensorType{expected.shape.with(0, type.shape[0]), expected.dtype})
    return;
  throw ShapeError(text("the model takes ", what, " ", expected.shape.without(0), " ",
                        expected.dtype, " each, not ", type));
}

}  // namespace

ImageCoder::ImageCoder(Variables& store, const std::string& name, const ModelConfig& config,
                       Workers& workers, std::int64_t batch)
    : store_(store),
      workers_(workers),
      name_(name),
      config_(config),
      parts_(model(name).autoencoder),
      batch_(batch) {
  if (!parts_.shape || !parts_.encode || !parts_.decode)
    throw UsageError(text(name, " is no autoencoder of images: it has no codes"));
  shape_ = parts_.shape(config);
  store_.runs(sampling) = 0;
  store_.runs(posterior_sampling) = 0;
}

std::unique_ptr<ImageCoder::Way> ImageCoder::finish(std::unique_ptr<Way> way) {
  way->execution.emplace(compile(way->graph, {way->result}), store_, workers_);
  return way;
}

Tensor ImageCoder::through(Way& way, const char* input, const Tensor& items) {
  const std::int64_t count = items.shape()[0];
  Tensor batch(items.shape().with(0, batch_), items.dtype());
  Tensor results(way.result.type().shape.with(0, count), way.result.type().dtype);
  for (std::int64_t first = 0; first < count; first += batch_) {
    const std::int64_t some = std::min(batch_, count - first);
    copy_rows(items, first, some, batch, 0);
    way.execution->set(input, batch);
    way.execution->run();
    copy_rows(copied(way.execution->get(way.result)), 0, some, results, first);
  }
  return results;
}

Tensor ImageCoder::encode_by(Encode part, std::unique_ptr<Way>& way, const char* label,
                             const Tensor& images) {
  const Shape shape{batch_, config_.image_height, config_.image_width, config_.image_channels};
  expect("images", images.type(), {shape, f32});
  if (!way) {
    auto made = std::make_unique<Way>(store_, label);
    made->result = part(made->graph, config_, made->graph.input("images", shape));
    way = finish(std::move(made));
  }
  return through(*way, "images", images);
}

Tensor ImageCoder::encode(const Tensor& images) {
  return encode_by(parts_.encode, encode_, "encode", images);
}

Tensor ImageCoder::sample_posterior(const Tensor& images) {
  if (!parts_.sample_posterior)
    throw UsageError(text(name_,
                          " has no posterior distribution to sample codes from: an image has one "
                          "code at each position; take that one"));
  return encode_by(parts_.sample_posterior, sample_posterior_, posterior_sampling, images);
}

Tensor ImageCoder::decode(const Tensor& codes) {
  const TensorType type{{batch_, shape_.positions}, dtype()};
  expect("codes", codes.type(), type);
  if (!decode_) {
    auto way = std::make_unique<Way>(store_, "decode");
    const Range kinds = shape_.kinds > 0 ? range(0, static_cast<double>(shape_.kinds)) : Range{};
    way->result = parts_.decode(way->graph, config_,
                                way->graph.input("codes", type.shape, type.dtype, kinds));
    decode_ = finish(std::move(way));
  }
  return through(*decode_, "codes", codes);
}

Tensor ImageCoder::sample(std::int64_t count) {
  if (!parts_.sample) throw UsageError("the model has no prior to draw codes from");
  if (!sample_) {
    auto way = std::make_unique<Way>(store_, sampling);
    way->result = parts_.sample(way->graph, config_, batch_);
    sample_ = finish(std::move(way));
  }
  Tensor results({count, shape_.positions}, dtype());
  for (std::int64_t first = 0; first < count; first += batch_) {
    sample_->execution->run();
    copy_rows(copied(sample_->execution->get(sample_->result)), 0, std::min(batch_, count - first),
              results, first);
  }
  return results;
}

EncodedImages encode(ImageCoder& coder, const data::BatchSource& source, Codes codes) {
  std::vector<Tensor> parts;
  EncodedImages result;
  data::Batch batch;
  for (std::int64_t position = 0; position < source.batches(); ++position) {
    source.fill(position, batch);
    const Tensor& images = batch.input("images");
    parts.push_back(codes == Codes::sampled ? coder.sample_posterior(images)
                                            : coder.encode(images));
    const auto labels = batch.input("labels").as<std::int32_t>();
    result.labels.insert(result.labels.end(), labels.begin(), labels.begin() + batch.counted);
    Tensor counted(parts.back().shape().with(0, batch.counted), coder.dtype());
    copy_rows(parts.back(), 0, batch.counted, counted, 0);
    parts.back() = std::move(counted);
  }
  result.codes = Tensor({std::ssize(result.labels), coder.shape().positions}, coder.dtype());
  std::int64_t first = 0;
  for (const Tensor& part : parts) {
    copy_rows(part, 0, part.shape()[0], result.codes, first);
    first += part.shape()[0];
  }
  return result;
}

Tensor images_at(const data::BatchSource& source, const std::vector<std::int64_t>& positions) {
  const std::int64_t rows = source.shapes()[0].batch;
  Tensor result;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::int64_t at = positions[i];
    const bool known = at >= 0 && at < rows * source.batches();
    const data::Batch batch = source.make(known ? at / rows : 0);
    if (!known || at % rows >= batch.counted)
      throw UsageError(text("there is no image ", at, "; the first is 0"));
    const Tensor& images = batch.input("images");
    if (i == 0) result = Tensor(images.shape().with(0, std::ssize(positions)));
    copy_rows(images, at % rows, 1, result, static_cast<std::int64_t>(i));
  }
  return result;
}

}  // namespace abax
