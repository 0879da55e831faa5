// Runs a plan: binds memory, checks inputs, calls the kernels in order, commits assignments.
#include "core/plan/execution.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <type_traits>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/plan/input_check.h"
#include "core/plan/plan.h"

namespace abax {

/// Grows when a run begins that needs more, and never afterwards.
class Workspace {
 public:
  std::atomic<bool> in_run = false;
  const void* last = nullptr;  // whose results it holds

  std::byte* reserve(std::size_t bytes) {
    if (!memory_ || bytes > bytes_) {
      memory_ = allocate_aligned(bytes);
      bytes_ = bytes;
    }
    return memory_.get();
  }
  std::byte* memory() const { return memory_.get(); }
  bool holds(const void* data) const {
    const std::less<const void*> before;
    return !before(data, memory_.get()) && before(data, memory_.get() + bytes_);
  }

 private:
  AlignedBytes memory_;
  std::size_t bytes_ = 0;
};

std::shared_ptr<Workspace> make_workspace() { return std::make_shared<Workspace>(); }

struct Execution::State {
  std::shared_ptr<const Plan> plan;
  Variables* store;
  Workers* workers;
  std::weak_ptr<const void> store_watch, workers_watch;
  std::shared_ptr<Workspace> workspace;
  std::atomic<bool> in_run = false;
  std::vector<Variable*> variables;            // of the plan
  std::vector<Variable*> carried;              // those among them that the plan assigns
  std::vector<bool> bound;                     // one an input
  std::vector<Tensor> numbers;                 // one an input: scalars that were copied
  AlignedBytes packs;                          // kept across runs
  std::vector<std::uint64_t> packed_versions;  // one a pack: the variable's version + 1; 0: never
  std::vector<std::byte*> bases;
  std::vector<void*> pointers;    // one an address of the plan
  std::uint64_t* runs = nullptr;  // the counter of the plan's label, where it draws numbers
  bool ran = false;
  bool profiling = false;
  std::vector<StepProfile> profile;  // one a step, then one a pack

  int input(std::string_view name, const Place& where) const;
  int input(const Value& value, const Place& where) const;
  void set(int input, const TensorView& tensor, const Place& where);
  void set(int input, double number, const Place& where);
  TensorView view(const Program::Output& output, const Place& where) const;
  void check_inputs(const Place& where) const;
  void bind();
  void pack(std::uint64_t run);
  void call(const PlanStep& step, std::size_t index, std::uint64_t run);
  void call_kernel(const PlanStep& step, std::size_t index, const Call& call) const;
  void run_steps(std::uint64_t run);
  void commit();
};

namespace {

/// As the table of bases holds it: inputs and constants are only read, variables are written to
/// where the plan assigns to them.
std::byte* memory_of(const void* data) { return static_cast<std::byte*>(const_cast<void*>(data)); }

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// "tanh", "matmul + add + tanh", "mul + add".
std::string label_of(const Step& step) {
  std::string label(step.op ? step.op->name() : "");
  if (!step.tiles) return label;
  for (const TileProgram::Instruction& instruction : step.tiles->instructions())
    label += str_cat(label.empty() ? "" : " + ", instruction.op->name);
  return label;
}

std::string scope_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}

/// The number of a run whose plan draws random numbers: taken when the run begins, given back where
/// it throws, so that the next run draws what an unbroken one would.
class RunNumber {
 public:
  explicit RunNumber(std::uint64_t* counter)
      : counter_(counter), number_(counter ? std::atomic_ref(*counter).fetch_add(1) : 0) {}
  ~RunNumber() {
    // Unless another thread's run has taken a later one.
    std::uint64_t taken = number_ + 1;
    if (counter_) std::atomic_ref(*counter_).compare_exchange_strong(taken, number_);
  }
  RunNumber(const RunNumber&) = delete;
  RunNumber& operator=(const RunNumber&) = delete;

  std::uint64_t number() const { return number_; }
  void keep() { counter_ = nullptr; }

 private:
  std::uint64_t* counter_;
  std::uint64_t number_;
};

/// Holds carried states while a run that assigns them lasts.
class CarriedClaims {
 public:
  explicit CarriedClaims(const std::vector<Variable*>& states) : states_(states) {
    for (; held_ < states.size(); ++held_)
      if (states[held_]->in_run().exchange(true)) {
        release();
        throw UsageError(str_cat("the carried state '", states[held_]->name,
                                 "' is written by another run at the same time; give each a store ",
                                 "of its own (sharing_parameters), or its graph another label"));
      }
  }
  ~CarriedClaims() { release(); }
  CarriedClaims(const CarriedClaims&) = delete;
  CarriedClaims& operator=(const CarriedClaims&) = delete;

 private:
  void release() {
    for (std::size_t i = 0; i < held_; ++i) states_[i]->in_run() = false;
  }
  const std::vector<Variable*>& states_;
  std::size_t held_ = 0;
};

/// Holds a flag while a run lasts. Throws UsageError where another run does.
class Claim {
 public:
  Claim(std::atomic<bool>& flag, const char* what) : flag_(flag) {
    if (flag_.exchange(true)) throw UsageError(what);
  }
  ~Claim() { flag_ = false; }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

 private:
  std::atomic<bool>& flag_;
};

std::string at(const SourceLocation& where) { return str_cat("\n  at ", place_of(where)); }

/// Gives a scalar tensor its number.
template <class T>
void put(Tensor& scalar, double number, std::string_view input, const SourceLocation& where) {
  using Limits = std::numeric_limits<T>;
  const bool within = number >= Limits::lowest() && number <= Limits::max();
  const bool holds = std::is_integral_v<T> ? within && number == std::trunc(number)
                                           : within || !std::isfinite(number);
  if (!holds)
    throw UsageError(str_cat("input '", input, "' is ", scalar.type(), ", which cannot hold ",
                             number, at(where)));
  scalar.as<T>()[0] = static_cast<T>(number);
}

std::string input_names(const Plan& plan) {
  std::string names;
  for (const Program::Input& input : plan.program.inputs)
    names += str_cat(names.empty() ? "" : ", ", "'", input.name, "'");
  return names.empty() ? "none" : names;
}

}  // namespace

int Execution::State::input(std::string_view name, const Place& where) const {
  const auto& inputs = plan->program.inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].name == name) return static_cast<int>(i);
  throw UsageError(str_cat("the plan has no input '", name, "'; its inputs are ",
                           input_names(*plan), at(where)));
}

int Execution::State::input(const Value& value, const Place& where) const {
  const auto& inputs = plan->program.inputs;
  for (std::size_t i = 0; i < inputs.size() && value.serial() == plan->graph; ++i)
    if (inputs[i].node == value.node()) return static_cast<int>(i);
  throw UsageError(str_cat("set: the value is ",
                           !value                          ? "empty"
                           : value.serial() != plan->graph ? "of another graph"
                                                           : "no input that the plan reads",
                           "; its inputs are ", input_names(*plan), at(where)));
}

void Execution::State::set(int index, const TensorView& tensor, const Place& where) {
  const Program::Input& input = plan->program.inputs[static_cast<std::size_t>(index)];
  if (tensor.type != input.type)
    throw UsageError(
        str_cat("input '", input.name, "' is ", input.type, ", not ", tensor.type, at(where)));
  if (!tensor.data && tensor.type.size() > 0)
    throw UsageError(str_cat("input '", input.name, "' is given no memory", at(where)));
  if (workspace->holds(tensor.data))
    throw UsageError(str_cat("input '", input.name,
                             "' is given a result in the execution's own memory, ",
                             "which the run writes to; give a copy of it", at(where)));
  for (const Program::Commit& commit : plan->program.commits) {
    const Variable& variable = *variables[static_cast<std::size_t>(commit.variable)];
    if (tensor.data == variable.value().data() && tensor.type.size() > 0)
      throw UsageError(str_cat("input '", input.name, "' is given the variable '", variable.name,
                               "', which the run assigns; give a copy of it", at(where)));
  }
  bases[static_cast<std::size_t>(plan->input_base(index))] = memory_of(tensor.data);
  bound[static_cast<std::size_t>(index)] = true;
}

void Execution::State::set(int index, double number, const Place& where) {
  const Program::Input& input = plan->program.inputs[static_cast<std::size_t>(index)];
  Tensor& copy = numbers[static_cast<std::size_t>(index)];
  const TensorType type{Shape{}, input.type.dtype};
  if (copy.type() != type) copy = Tensor(type);
  switch (type.dtype) {
    case DType::f32:
      put<float>(copy, number, input.name, where);
      break;
    case DType::i32:
      put<std::int32_t>(copy, number, input.name, where);
      break;
    case DType::u8:
      put<std::uint8_t>(copy, number, input.name, where);
      break;
  }
  set(index, copy.view(), where);
}

TensorView Execution::State::view(const Program::Output& output, const Place& where) const {
  if (!ran)
    throw UsageError(str_cat("'", output.names.front(),
                             "' is not known before the first run, nor after one that threw; call ",
                             "run() first", at(where)));
  const Address address = plan->address_of(output.value);
  if (address.base == 0 && workspace->last != this)
    throw UsageError(str_cat("'", output.names.front(),
                             "' is gone: another execution has run in the same workspace; get() "
                             "results before that, or give each a workspace of its own",
                             at(where)));
  std::byte* base =
      address.base == 0 ? workspace->memory() : bases[static_cast<std::size_t>(address.base)];
  return {base + address.offset, plan->program.value(output.value).type};
}

void Execution::State::check_inputs(const Place& where) const {
  const auto& inputs = plan->program.inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!bound[i])
      throw UsageError(str_cat("input '", inputs[i].name, "', ", inputs[i].type, ", of the plan '",
                               plan->program.label, "' was not set; call set() before run()",
                               at(where)));
    const void* data = bases[static_cast<std::size_t>(plan->input_base(static_cast<int>(i)))];
    check_range(inputs[i].name, {data, inputs[i].type}, inputs[i].range);
  }
}

/// Memory may have moved since the last run: a shared workspace grew, a variable got another
/// tensor.
void Execution::State::bind() {
  bases[0] = workspace->reserve(plan->memory.arena_bytes);
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const Tensor& tensor = variables[i]->value();
    const Program::StoreVariable& expected = plan->program.variables[i];
    if (tensor.type() != expected.type)
      throw UsageError(str_cat("variable '", expected.name, "' was ", expected.type,
                               " when the plan was compiled and is ", tensor.type(), " now"));
    bases[static_cast<std::size_t>(plan->variable_base(static_cast<int>(i)))] =
        memory_of(tensor.data());
  }
  for (std::size_t i = 0; i < pointers.size(); ++i) {
    const Address& address = plan->addresses[i];
    pointers[i] = bases[static_cast<std::size_t>(address.base)] + address.offset;
  }
}

/// What a kernel knows of its data lacks the node that it works for.
void Execution::State::call_kernel(const PlanStep& step, std::size_t index,
                                   const Call& call) const {
  try {
    step.kernel.run(call);
  } catch (const DataError& error) {
    const Program& program = plan->program;
    const Step& source = index < program.steps.size()
                             ? program.steps[index]
                             : program.packs[index - program.steps.size()].step;
    throw DataError(str_cat(error.what(), "\n  in ", source.nodes.front(), ", of the plan '",
                            program.label, "'"));
  }
}

void Execution::State::call(const PlanStep& step, std::size_t index, std::uint64_t run) {
  const Call call{
      .inputs = pointers.data() + step.first_input,
      .outputs = pointers.data() + step.first_output,
      .scratch = static_cast<std::byte*>(pointers[static_cast<std::size_t>(step.scratch)]),
      .workers = workers,
      .seed = store->seed(),
      .run = run};
  if (!profiling) return call_kernel(step, index, call);
  const Clock::time_point start = Clock::now();
  call_kernel(step, index, call);
  StepProfile& taken = profile[index];
  taken.seconds += seconds_since(start);
  taken.flops += step.cost.flops;
  taken.bytes += step.cost.bytes;
  ++taken.runs;
}

void Execution::State::pack(std::uint64_t run) {
  for (std::size_t i = 0; i < plan->packs.size(); ++i) {
    const std::size_t variable = static_cast<std::size_t>(plan->program.packs[i].variable);
    const std::uint64_t version = variables[variable]->version() + 1;
    if (packed_versions[i] == version) continue;
    packed_versions[i] = 0;
    call(plan->packs[i], plan->steps.size() + i, run);
    packed_versions[i] = version;
  }
}

void Execution::State::run_steps(std::uint64_t run) {
  const std::vector<int>& times = plan->times;
  for (std::size_t first = 0, end = 0; first < times.size(); first = end) {
    while (end < times.size() && times[end] == times[first]) ++end;
    const auto one = [&](std::int64_t i) {
      const std::size_t s = first + static_cast<std::size_t>(i);
      call(plan->steps[s], s, run);
    };
    if (end - first == 1)
      one(0);
    else
      workers->loop(static_cast<std::int64_t>(end - first), one);
  }
}

void Execution::State::commit() {
  for (const Program::Commit& commit : plan->program.commits) {
    const Tensor& value = variables[static_cast<std::size_t>(commit.variable)]->value();
    if (!commit.in_place && value.bytes() > 0) {
      const Address address = plan->address_of(commit.value);
      std::memcpy(memory_of(value.data()),
                  bases[static_cast<std::size_t>(address.base)] + address.offset, value.bytes());
    }
  }
}

Execution::Execution(std::shared_ptr<const Plan> plan, Variables& store, Workers& workers,
                     std::shared_ptr<Workspace> workspace, Place where)
    : state_(std::make_unique<State>()) {
  if (!plan)
    throw UsageError("an Execution needs a plan, not a null pointer; give what compile() returns" +
                     at(where));
  const Program& program = plan->program;
  state_->plan = plan;
  state_->store = &store;
  state_->workers = &workers;
  state_->store_watch = store.watch();
  state_->workers_watch = workers.watch();
  state_->workspace = workspace ? std::move(workspace) : make_workspace();
  for (const Program::StoreVariable& variable : program.variables) {
    const int index = store.find(variable.name);
    if (index < 0)
      throw UsageError(str_cat("the store has no variable '", variable.name,
                               "'; give the store that the plan's graph was built on", at(where)));
    if (store[index].value().type() != variable.type)
      throw UsageError(str_cat("the plan's variable '", variable.name, "' is ", variable.type,
                               ", the store's is ", store[index].value().type(), at(where)));
    state_->variables.push_back(&store[index]);
  }
  for (const Program::Commit& commit : program.commits)
    if (Variable* variable = state_->variables[static_cast<std::size_t>(commit.variable)];
        variable->role == Role::carried)
      state_->carried.push_back(variable);
  state_->bound.assign(program.inputs.size(), false);
  state_->numbers.resize(program.inputs.size());
  state_->packs = allocate_aligned(plan->pack_bytes);
  state_->packed_versions.assign(program.packs.size(), 0);
  state_->bases.assign(static_cast<std::size_t>(plan->base_count()), nullptr);
  for (std::size_t i = 0; i < program.constants.size(); ++i)
    state_->bases[static_cast<std::size_t>(plan->constant_base(static_cast<int>(i)))] =
        memory_of(program.constants[i]->data());
  state_->bases.back() = state_->packs.get();
  state_->pointers.assign(plan->addresses.size(), nullptr);
  if (plan->random) state_->runs = &store.runs(program.label);
}

Execution::~Execution() = default;
Execution::Execution(Execution&&) noexcept = default;

Execution::State& Execution::state() const {
  if (!state_) throw UsageError("this Execution was moved from; use the one that it was moved to");
  return *state_;
}

bool Execution::reads(std::string_view input) const {
  return std::ranges::any_of(state().plan->program.inputs,
                             [&](const Program::Input& known) { return known.name == input; });
}

void Execution::set(std::string_view input, const Tensor& tensor, Place where) {
  state().set(state().input(input, where), tensor.view(), where);
}
void Execution::set(const Value& input, const Tensor& tensor, Place where) {
  state().set(state().input(input, where), tensor.view(), where);
}
void Execution::set(std::string_view input, TensorView tensor, Place where) {
  state().set(state().input(input, where), tensor, where);
}
void Execution::set(const Value& input, TensorView tensor, Place where) {
  state().set(state().input(input, where), tensor, where);
}
void Execution::set(std::string_view input, double number, Place where) {
  state().set(state().input(input, where), number, where);
}
void Execution::set(const Value& input, double number, Place where) {
  state().set(state().input(input, where), number, where);
}

void Execution::run(Place where) {
  State& state = this->state();
  const Claim own(state.in_run,
                  "this execution runs already, in another thread; make one for each thread");
  if (state.workers_watch.expired() || state.store_watch.expired())
    throw UsageError(str_cat("the ", state.store_watch.expired() ? "store" : "Workers",
                             " of this execution is gone; keep it as long as the execution",
                             at(where)));
  const Claim workspace(state.workspace->in_run,
                        "another execution runs in the same workspace; executions that run at "
                        "once need a workspace each");
  const CarriedClaims carried(state.carried);
  state.check_inputs(where);
  state.ran = false;
  state.workspace->last = nullptr;
  state.bind();
  RunNumber run(state.runs);
  // Whatever happens, what was assigned counts as changed: a kernel that throws may leave new
  // values.
  struct RaiseVersions {
    State& state;
    ~RaiseVersions() {
      for (const Program::Commit& commit : state.plan->program.commits)
        state.variables[static_cast<std::size_t>(commit.variable)]->raise_version();
    }
  };
  state.workers->run([&] {
    state.pack(run.number());
    const RaiseVersions raise{state};
    state.run_steps(run.number());
    state.commit();
  });
  run.keep();
  state.ran = true;
  state.workspace->last = &state;
}

TensorView Execution::get(const Value& output, Place where) const {
  const Plan& plan = *state().plan;
  if (output && output.serial() == plan.graph)
    for (const Program::Output& known : plan.program.outputs)
      if (known.node == output.node() && known.output == output.output())
        return state().view(known, where);
  // Its graph may be gone: it cannot be asked for a name.
  std::string names;
  for (const Program::Output& known : plan.program.outputs)
    names += str_cat(names.empty() ? "" : ", ", "'", known.names.front(), "'");
  throw UsageError(str_cat("the value", output ? "" : " is empty; it",
                           output && output.serial() != plan.graph ? ", of another graph," : "",
                           " is no output of this plan, whose outputs are ",
                           names.empty() ? "none" : names, "; give it to compile() too",
                           at(where)));
}

TensorView Execution::get(std::string_view scoped_name, Place where) const {
  std::vector<std::string> names;
  for (const Program::Output& output : state().plan->program.outputs) {
    for (const std::string& name : output.names) {
      if (name == scoped_name) return state().view(output, where);
      names.push_back(name);
    }
  }
  const std::string nearest = nearest_name(scoped_name, names);
  throw UsageError(str_cat("'", scoped_name, "' is no output of this plan",
                           nearest.empty() ? "" : str_cat("; did you mean '", nearest, "'?"),
                           at(where)));
}

float Execution::scalar(const Value& output, Place where) const {
  const TensorView view = get(output, where);
  if (view.type != TensorType{view.type.shape, f32} || view.type.size() != 1)
    throw UsageError(str_cat("asked for the one f32 number of a tensor ", view.type, at(where)));
  return view.as<float>()[0];
}

double Execution::mean(const Loss& loss, Place where) const {
  const double sum = scalar(loss.sum, where), count = scalar(loss.count, where);
  return count == 0 ? 0 : sum / count;
}

const Plan& Execution::plan() const { return *state().plan; }

void Execution::set_profiling(bool on) {
  State& state = this->state();
  state.profiling = on;
  if (!on || !state.profile.empty()) return;
  const Program& program = state.plan->program;
  const auto add = [&](const Step& step) {
    state.profile.push_back({.op = label_of(step), .scope = scope_of(step.nodes.front())});
  };
  for (const Step& step : program.steps) add(step);
  for (const Program::Pack& pack : program.packs) add(pack.step);
}

std::vector<Execution::StepProfile> Execution::profile() const { return state().profile; }

}  // namespace abax
