// Variables: the named tensors that outlive every graph and plan. One store is shared by the
// training, evaluation and generation graphs of a model.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/lifetime.h"
#include "core/base/random.h"
#include "core/base/source_location.h"
#include "core/base/tensor.h"

namespace abax {

/// How a new variable gets its first value, keyed by seed and name alone: the same at every SIMD
/// level and whatever else the model holds.
struct Initialiser {
  std::function<void(Tensor&, Random&)> fill;
};

namespace init {

Initialiser zeros();
Initialiser constant(float value);
/// In [low, high). This and normal() throw UsageError on numbers that are not finite, an upper end
/// below the lower one, a negative deviation.
Initialiser uniform(float low, float high);
Initialiser normal(float deviation, float mean = 0);
/// Uniform in +-sqrt(6 / (fan in + fan out)) (Glorot and Bengio 2010, eq. 16). The last axis is the
/// fan out, the product of the others the fan in.
Initialiser glorot();
/// Orthonormal rows or columns, whichever are fewer, times `gain` (Saxe et al. 2014): Gram-Schmidt
/// on a normal matrix, all axes but the last seen as rows.
Initialiser orthogonal(float gain = 1);

}  // namespace init

enum class Role : std::uint8_t {
  trainable,  // a parameter
  saved,      // optimiser moments, counters, codebook statistics: part of a checkpoint
  carried,    // the state of a stream of data (h and c of an LSTM): per plan label, part of a
              // checkpoint
};

struct Variable {
  std::string name;  // "lstm0/weight"; carried: "train:lstm0/h"
  Role role = Role::trainable;
  bool frozen = false;  // a frozen parameter gets no gradient and no update
  bool decay = true;    // whether weight decay applies

  const Tensor& value() const { return value_; }
  /// The value to be changed. Plans keep packed copies of variables by their version: write what is
  /// to change before the next run, and ask anew for each later change. What is written through a
  /// reference kept over a run may go unseen.
  Tensor& write() {
    raise_version();
    return value_;
  }
  /// Rises with each change.
  std::uint64_t version() const { return version_; }
  /// For executions, which write to the memory of variables that they found once: each run that
  /// assigned says so.
  void raise_version() { ++version_; }
  /// For executions: true while a run that assigns this (carried) variable lasts.
  std::atomic<bool>& in_run() { return in_run_; }

 private:
  friend class Variables;
  Tensor value_;
  std::uint64_t version_ = 0;
  std::atomic<bool> in_run_ = false;
};

/// Variables never move or vanish: indices and references stay valid for the store's life. Several
/// threads may look up and create variables, and so build and compile graphs, on one store at once.
/// Values have no lock: while a plan that assigns runs, or write() changes a variable, nobody else
/// may read it.
class Variables {
 public:
  explicit Variables(std::uint64_t seed = 0) : seed_(seed) {}
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

  std::uint64_t seed() const { return seed_; }
  void set_seed(std::uint64_t seed) { seed_ = seed; }

  int count() const;
  /// Throws UsageError where there is no variable of that index (find() gives -1).
  Variable& operator[](int index) { return *shared(index); }
  const Variable& operator[](int index) const { return *shared(index); }
  /// -1 where there is none.
  int find(std::string_view name) const;
  /// Throws UsageError, naming the nearest known name and the caller's line.
  Variable& at(std::string_view name, SourceLocation where = SourceLocation::current());
  std::vector<std::string> names() const;

  /// Creates and initialises a variable; the initialiser may read others. Throws UsageError where
  /// the name is taken or empty, MemoryError.
  int create(std::string name, TensorType type, Role role, const Initialiser& initialiser);
  /// The variable of that name, whatever its type and role, or else a new one: of several threads
  /// that ask at once, one creates it. Throws UsageError where the name is empty.
  int find_or_create(const std::string& name, TensorType type, Role role,
                     const Initialiser& initialiser);

  /// Weight decay leaves the variable out from now on.
  void exempt_from_decay(int index);
  /// Freezes (or thaws) the parameters whose names start with `prefix`; returns how many. Graphs
  /// built afterwards leave them out of their updates.
  int freeze(std::string_view prefix, bool frozen = true);

  /// How often plans of this label have run: the counter of their random numbers. Saved with a
  /// checkpoint, so that a resumed run draws what the unbroken one would. The reference stays valid
  /// for the store's life.
  std::uint64_t& runs(const std::string& label);
  /// All counters as they are now, by label.
  std::map<std::string, std::uint64_t> all_runs() const;
  /// For users that may outlive the store by mistake.
  std::weak_ptr<const void> watch() const { return lifetime_.watch(); }

 private:
  friend std::unique_ptr<Variables> sharing_parameters(Variables& store);

  const std::shared_ptr<Variable>& shared(int index) const;
  int find_unlocked(std::string_view name) const;
  std::shared_ptr<Variable> make(const std::string& name, TensorType type, Role role,
                                 const Initialiser& initialiser) const;
  int append_unlocked(std::shared_ptr<Variable> variable);

  std::uint64_t seed_;
  mutable std::shared_mutex mutex_;  // of what follows; not of the variables' values
  std::deque<std::shared_ptr<Variable>> all_;
  std::map<std::string, int, std::less<>> index_;
  std::map<std::string, std::uint64_t> runs_;
  Lifetime lifetime_;
};

/// Another store with the very parameters that `store` holds now (not copies: a change is seen
/// through both) and the same seed, but carried state, saved state and run counters of its own,
/// none at first. For plans beside others: two generators, or one a thread, each on such a store of
/// the same model. Parameters created later, in either store, are that store's alone. They live as
/// long as one of the stores does. Whoever trains them must not do so while others read.
std::unique_ptr<Variables> sharing_parameters(Variables& store);

/// A store with copies of everything, seed and counters too: what a checkpoint can be written of
/// while the original goes on.
std::unique_ptr<Variables> copy_of(const Variables& store);

}  // namespace abax
