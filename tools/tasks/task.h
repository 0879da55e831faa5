// What a run learns from, and how its results are shown: one class a kind of data.
//
//     const std::unique_ptr<Task> task = make_task(settings);
//     Learner learner(store, {.model = task->model(), ...}, workers);
//     learner.evaluate(*task->source(Part::valid));
#pragma once

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/parallel.h"
#include "core/graph/variables.h"
#include "core/io/json.h"
#include "models/data/batch.h"
#include "models/model_settings.h"
#include "tools/tasks/data_settings.h"

namespace abax {

struct Evaluation;

/// What a task is made for: to learn from all parts, or to evaluate on the test part alone, whose
/// files are those of --test (without them the built-in corpus).
enum class Use : std::uint8_t { learn, evaluate };

/// Small files that a checkpoint keeps, by name: tokenisers.
using Files = std::map<std::string, std::string>;

struct ScoreOptions {
  /// The metric that is asked for; what is dear and not asked for may be left out. "": all.
  std::string wanted = {};
  std::int64_t beam = 1;       // of translations
  double length_penalty = 1;   // likewise, see models/generation/beam_search.h
  std::int64_t samples = 0;    // an item, of the importance-weighted bound; 0: no such bound
  std::int64_t decodings = 0;  // of a source, each of another latent, to be compared; 0: none
  std::string drawn = {};      // a file of sentences, see tools/tasks/sample_perplexity.h
  /// Whether one of these metrics is asked for.
  bool wants(std::initializer_list<const char*> names) const;
};

/// Metric -> value.
using Results = std::map<std::string, double>;

/// Lines in batches of one row. A batch belongs to the line line[position]; a long line of a text
/// takes several.
struct LineBatches {
  std::unique_ptr<data::BatchSource> batches;
  std::vector<std::size_t> line;
};

/// The training part's lines as a model writes them, token by token. The task must outlive it.
struct WrittenLines {
  std::int32_t begin = 0, end = 0;  // tokens before and behind each
  std::function<std::string(std::span<const std::int32_t> tokens)> text;
  /// The line of the data that row `row` of batch `position` is of.
  std::function<const std::string&(std::int64_t position, std::int64_t row)> line;
  /// The class of the line there, -1 for none.
  std::function<std::int32_t(std::int64_t position, std::int64_t row)> label = {};
  std::vector<std::string> classes = {};  // by label; of lines without labels none
  bool lower_case = false;                // whether case does not count
};

class Task {
 public:
  virtual ~Task() = default;

  /// The data in a line: "book.txt: 1,003,854 characters to train on, ...".
  virtual std::string description() const = 0;
  /// The model as it was asked for, with what follows from the data, such as vocabularies.
  virtual const ModelSettings& model() const = 0;
  /// Null where that part has no data. To learn, the training part always has.
  virtual const data::BatchSource* source(Part part) const = 0;
  virtual Files files() const = 0;
  /// Of a task of models that write lines; else nothing.
  virtual std::optional<WrittenLines> written() const { return std::nullopt; }
  /// What tells a part's data from other data: a hash of its first pass. "" without data.
  virtual std::string fingerprint(Part part) const;

  /// What a loss is the mean over: "token".
  virtual std::string unit() const = 0;
  /// What a mean loss is told in: "nats a token".
  virtual std::string loss_unit() const { return "nats a " + unit(); }
  /// Whether exp(loss) is one.
  virtual bool has_perplexity() const { return true; }
  /// Whether the loss is a negative log-probability, or a bound on one.
  virtual bool has_log_probabilities() const { return true; }
  /// From what mean loss on, in nats, training has gone astray: see LearnerConfig.
  virtual double most_loss() const { return 700; }
  /// Characters of a part's text, where bits a character measure a code of it.
  virtual std::optional<double> characters(Part) const { return std::nullopt; }
  /// The least loss that is possible on a part, in nats a unit, where it is known.
  virtual std::optional<double> optimum(Part) const { return std::nullopt; }
  /// What a pass tells: the loss, its perplexity, the model's metrics, what follows from its
  /// statistics.
  virtual Results results(const Evaluation& evaluation) const;
  /// Lists that are too long for a line, such as the KL of each latent.
  virtual Json::Object details(const Evaluation&) const { return {}; }
  /// What a validation tells besides, such as BLEU. The store holds the model.
  virtual Results score(Part, Variables&, Workers&, const ScoreOptions&) const { return {}; }
  /// The lines of a part one by one, in batches of one.
  virtual LineBatches lines(Part part) const = 0;
  /// A few results for people to look at.
  virtual void show(std::ostream& out, Variables& store, Workers& workers) const = 0;
  /// Steps between pictures while training; 0: none before the end.
  virtual std::int64_t pictures_every() const { return 0; }
  /// Writes pictures of what the model makes into the folder, their names ending with `suffix`;
  /// returns their paths.
  virtual std::vector<std::filesystem::path> draw(const std::filesystem::path&, const std::string&,
                                                  Variables&, Workers&) const {
    return {};
  }
  /// What to call next with a run's folder: "generate --checkpoint runs/a".
  virtual std::vector<std::string> next_commands(const std::string& folder) const = 0;
};

/// {"kl_per_latent": [..]}, in nats an item, where the statistics have it.
Json::Object kl_of_latents(const Evaluation& evaluation);

/// A hash of the first pass over a source, 16 hexadecimal digits.
std::string fingerprint(const data::BatchSource& source);

/// 1003854 as "1,003,854".
std::string grouped(std::size_t number);

/// In the fewest digits that read back the same.
std::string exact(double number);
std::string exact(float number);

/// Each line with its line feed.
std::string joined(const std::vector<std::string>& lines);
/// The name of a file without its folder; of "-" what that means.
std::string file_name(const std::string& path);

}  // namespace abax
