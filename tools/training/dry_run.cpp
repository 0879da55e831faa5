// What --dry-run tells: a run rehearsed in small, in memory alone.
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <ostream>
#include <span>
#include <sstream>

#include "tools/training/peak_memory.h"
#include "tools/training/training_run.h"

namespace abax {
namespace {

std::size_t bytes_of(const Variables& store) {
  std::size_t bytes = 0;
  for (int i = 0; i < store.count(); ++i) bytes += store[i].value().bytes();
  return bytes;
}

std::string mebibytes(std::size_t bytes) {
  return fixed_text(static_cast<double>(bytes) / 0x1p20, 1) + " MiB";
}

}  // namespace

/// All that a run does, without a folder: some steps, a batch to validate on, what is shown at the
/// end, a copy as checkpoints are written of. Returns the seconds of a step.
double TrainingRun::rehearse() {
  using std::chrono::steady_clock;
  constexpr double enough = 1, slow = 5;       // seconds
  constexpr std::size_t most = 50, first = 2;  // steps; the first ones find their memory
  prepare_model();
  const auto kept = copy_of(store_);
  data::Batch batch;
  std::vector<double> times;  // of the steps
  double all = 0;
  while (times.size() < most && all < (times.size() > first ? enough : slow)) {
    const steady_clock::time_point start = steady_clock::now();
    const Scalars scalars =
        scheduled_scalars(settings_, state_.step + std::ssize(times), settings_.training.steps);
    for (std::int64_t i = 0; i < settings_.training.accumulate; ++i) {
      task_->source(Part::train)->fill(state_.position++, batch);
      learn(batch, scalars);
    }
    if (settings_.training.accumulate > 1) learner().apply(scalars);
    times.push_back(std::chrono::duration<double>(steady_clock::now() - start).count());
    all += times.back();
  }
  if (const data::BatchSource* const valid = task_->source(Part::valid))
    learner().evaluate(*valid, 0, 1);
  std::ostringstream unseen;
  task_->show(unseen, store_, workers_);
  std::string name = (std::filesystem::temp_directory_path() / "abax-dry-run-XXXXXX").string();
  if (mkdtemp(name.data())) {
    task_->draw(name, "", store_, workers_);
    std::error_code ignored;
    std::filesystem::remove_all(name, ignored);
  }
  const auto typical = std::span(times).subspan(std::min(first, times.size() - 1));
  return std::accumulate(typical.begin(), typical.end(), 0.0) / static_cast<double>(typical.size());
}

void TrainingRun::describe() {
  const TrainingSettings& training = settings_.training;
  const data::BatchSource& train = *task_->source(Part::train);
  for (const std::string& note : call_.notes) out_ << "note         " << note << '\n';
  out_ << "data         " << task_->description() << "\nmodel        " << settings_.model.name()
       << ", " << count_text(static_cast<double>(learner().parameters())) << " parameters ("
       << learner().parameters() << ")\nstep         "
       << count_text(learner().step_flops() * static_cast<double>(training.accumulate))
       << " FLOP, batches of";
  for (const BatchShape& shape : train.shapes()) {
    out_ << ' ' << shape.batch;
    if (shape.length > 0) out_ << " x " << shape.length;
    if (shape.target_length > 0) out_ << " to " << shape.target_length;
  }
  out_ << "\nsteps        " << training.steps << " ("
       << fixed_text(static_cast<double>(training.steps * training.accumulate) /
                         static_cast<double>(train.batches()),
                     2)
       << " passes over the data)\nthreads      " << workers_.threads() << ", "
       << name_of(default_level()) << '\n'
       << std::flush;
  const std::size_t workspace = learner().workspace_bytes();
  std::size_t memory = peak_memory() + workspace + bytes_of(store_);  // a copy is saved
  if (memory < physical_memory()) {
    const double seconds = rehearse();  // a step
    memory = peak_memory();
    out_ << "speed        " << fixed_text(1 / seconds, seconds < 0.1 ? 0 : 2)
         << " steps a second, as just measured; "
         << duration_text(seconds * static_cast<double>(training.steps))
         << " for all of them, without validations\n";
  } else {
    out_ << "speed        not measured: this machine has but " << mebibytes(physical_memory())
         << " of memory\n";
  }
  out_ << "memory       " << mebibytes(memory) << ", of which workspace " << mebibytes(workspace)
       << '\n';
}

}  // namespace abax
