// The one-step plan behind Generator.
#include "models/generator.h"

#include "models/registry.h"

namespace abax {

Generator::Generator(Variables& store, std::string_view name, const ModelConfig& config,
                     Workers& workers)
    : graph_(std::make_unique<Graph>(store, Mode::evaluate, "generate")),
      logits_(model(name).step(*graph_, config, 1)) {
  execution_ = std::make_unique<Execution>(compile(*graph_, {logits_}), store, workers);
  execution_->set("tokens", token_);
}

std::span<const float> Generator::next(std::int32_t token) {
  token_.as<std::int32_t>()[0] = token;
  execution_->set("keep", fresh_ ? 0.f : 1.f);
  execution_->run();
  fresh_ = false;
  return execution_->get(logits_).as<float>();
}

}  // namespace abax
