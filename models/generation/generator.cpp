// The one-step plan behind Generator.
#include "models/generation/generator.h"

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"

namespace abax {

Generator::Generator(Variables& store, const ModelSettings& settings, Workers& workers,
                     SourceLocation where)
    : variables_(sharing_parameters(store)),
      graph_(std::make_unique<Graph>(*variables_, Mode::evaluate, "generate")) {
  called_from(where, [&] {
    const ModelEntry& entry = settings.entry();
    if (!entry.step)
      throw UsageError(str_cat("'", entry.name, "' is no language model: it goes on with no text"));
    logits_ = entry.step(*graph_, settings, 1);
    execution_ = std::make_unique<Execution>(compile(*graph_, {logits_}), *variables_, workers);
    execution_->set("tokens", token_);
    if (entry.context) context_ = static_cast<std::size_t>(entry.context(settings));
  });
}

void Generator::step(std::int32_t token) {
  token_.as<std::int32_t>()[0] = token;
  execution_->set("keep", fresh_ ? 0.f : 1.f);
  execution_->run();
  fresh_ = false;
}

std::span<const float> Generator::next(std::int32_t token, SourceLocation where) {
  if (const std::int64_t vocabulary = logits_.shape().at(-1); token < 0 || token >= vocabulary)
    throw DataError(str_cat("a generator of ", vocabulary, " tokens was given the token ", token,
                            "\n  at ", place_of(where)));
  if (fresh_) read_.clear();
  if (context_ > 0 && read_.size() == context_) {
    read_.erase(read_.begin(), read_.end() - static_cast<std::ptrdiff_t>(context_ / 2));
    fresh_ = true;
    for (const std::int32_t known : read_) step(known);
  }
  step(token);
  if (context_ > 0) read_.push_back(token);
  return execution_->get(logits_).as<float>();
}

}  // namespace abax
