// Checkpoints of language models, written and opened.
#include "tools/saved_run.h"

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

constexpr const char* tokenizer_file = "tokenizer.jsonl";

}  // namespace

ModelConfig model_config(const TrainOptions& o, std::int64_t vocabulary) {
  return {.vocabulary = vocabulary,
          .width = o.width,
          .layers = o.layers,
          .dropout = static_cast<float>(o.dropout),
          .tied = o.tied};
}

std::filesystem::path checkpoint_path(const std::filesystem::path& run) { return run / "last"; }

void save_run(const std::filesystem::path& run, const TrainOptions& options,
              const data::Tokenizer& tokenizer, std::int64_t step, std::int64_t position,
              const Variables& store) {
  Checkpoint checkpoint;
  checkpoint.model = options.model;
  checkpoint.configuration = to_toml(options);
  checkpoint.values = to_values(model_config(options, tokenizer.vocabulary()));
  checkpoint.step = step;
  checkpoint.data_position = position;
  checkpoint.files = {{tokenizer_file, tokenizer.to_text()}};
  save_checkpoint(checkpoint_path(run), checkpoint, store);
}

SavedRun open_run(const std::filesystem::path& path) {
  const std::filesystem::path inside = checkpoint_path(path);
  CheckpointReader reader(std::filesystem::exists(inside) ? inside : path);
  const auto& files = reader.contents().files;
  const auto tokenizer = files.find(tokenizer_file);
  if (tokenizer == files.end())
    throw CheckpointError(text(path.string(), ": the checkpoint holds no ", tokenizer_file,
                               "; it is not one of a language model that abax-train wrote"));
  try {
    TrainOptions options = train_options_from_toml(reader.contents().configuration, path.string());
    data::Tokenizer read = data::Tokenizer::from_text(tokenizer->second);
    return {std::move(reader), std::move(options), std::move(read)};
  } catch (const CheckpointError&) {
    throw;
  } catch (const Error& error) {
    throw CheckpointError(text(path.string(), ": ", error.what()));
  }
}

}  // namespace abax
