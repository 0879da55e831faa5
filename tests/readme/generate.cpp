// Loads a checkpoint of abax-train and writes text with it.
#include <iostream>

#include <abax/abax.h>
#include <abax/data.h>

using namespace abax;

int main(int, char** argv) {
  const CheckpointReader checkpoint(argv[1]);  // such as runs/lstm_lm-1/last
  const Checkpoint& saved = checkpoint.contents();
  Variables store;
  checkpoint.create(store);
  const auto tokenizer = data::Tokenizer::from_text(saved.files.at("tokenizer.jsonl"));
  Workers workers(1);
  Generator generator(store, ModelSettings(saved.model, saved.settings, saved.format), workers);
  Sampler sampler({.temperature = 0.8f});
  Random random(/*key=*/1);
  data::TokenDecoder decoder(tokenizer);
  std::int32_t token = tokenizer.encode("\n").front();
  for (int i = 0; i < 300; ++i) {
    token = sampler.draw(generator.next(token), random);
    std::cout << decoder.next(token);
  }
}
