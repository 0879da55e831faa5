// What a run learns from, and how its results are shown: one class a kind of data.
//
//     const std::unique_ptr<Task> task = make_task(options);
//     Learner learner(store, {.model = options.model, .sizes = task->sizes(), ...}, workers);
//     learner.evaluate(*task->source(Part::valid));
#pragma once

#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/parallel.h"
#include "core/graph/variables.h"
#include "models/model_config.h"
#include "tools/data/batch.h"
#include "tools/options.h"

namespace abax {

enum class Part : std::uint8_t { train, valid, test };

/// Small files that a checkpoint keeps, by name: tokenisers.
using Files = std::map<std::string, std::string>;

class Task {
 public:
  virtual ~Task() = default;

  /// The data in a line: "book.txt: 1,003,854 characters to train on, ...".
  virtual std::string description() const = 0;
  /// What the options say of the model, and what follows from the data, such as vocabularies.
  virtual ModelConfig sizes() const = 0;
  /// Null where that part has no data. The training part always has.
  virtual const data::BatchSource* source(Part part) const = 0;
  virtual Files files() const = 0;

  /// What a loss is the mean over: "token".
  virtual std::string unit() const = 0;
  /// The least loss that is possible on a part, in nats a unit, where it is known.
  virtual std::optional<double> optimum(Part) const { return std::nullopt; }
  /// What a validation tells besides the loss and the model's own metrics, such as BLEU. The store
  /// holds the model. `wanted` is the metric by which the best checkpoint is chosen: what is dear
  /// and not wanted may be left out.
  virtual std::map<std::string, double> score(Part, Variables&, Workers&,
                                              const std::string& wanted) const {
    (void)wanted;
    return {};
  }
  /// A few results for people to look at.
  virtual void show(std::ostream& out, Variables& store, Workers& workers) const = 0;
  /// What to call next with a run's folder: "generate --checkpoint runs/a".
  virtual std::vector<std::string> next_commands(const std::string& folder) const = 0;
  /// Bytes that show() takes at its first run, for estimates.
  virtual std::size_t show_bytes(Variables&, Workers&) const { return 0; }
};

/// The task of options.model. `known` are the files of a checkpoint that the run goes on from,
/// whose vocabularies then hold; else they are made from the training data. Throws DataError.
std::unique_ptr<Task> make_task(const TrainOptions& options, const Files* known = nullptr);

/// The configuration that the options say; vocabularies and classes are left to the data.
ModelConfig model_config(const TrainOptions& options);

/// 1003854 as "1,003,854".
std::string grouped(std::size_t number);

/// The shares of `--split` as fractions of 1; 0 for what has files of its own.
struct Shares {
  double valid = 0, test = 0;
};
Shares shares(const TrainOptions& options);

}  // namespace abax
