// Runs a plan: binds memory, checks inputs, calls the kernels in order, commits assignments.
#include "core/plan/execution.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/plan/input_check.h"
#include "core/plan/plan.h"

namespace abax {

/// Grows when a run begins that needs more, and never afterwards.
class Workspace {
 public:
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
  std::shared_ptr<Workspace> workspace;
  std::vector<Variable*> variables;            // of the plan
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

  int input(std::string_view name) const;
  const Program::Output* output(const Value& value) const;
  TensorView view(const Program::Output& output) const;
  void check_inputs() const;
  void bind();
  void pack(std::uint64_t run);
  void call(const PlanStep& step, std::size_t index, std::uint64_t run);
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

std::string input_names(const Plan& plan) {
  std::string names;
  for (const Program::Input& input : plan.program.inputs)
    names += str_cat(names.empty() ? "" : ", ", "'", input.name, "'");
  return names.empty() ? "none" : names;
}

}  // namespace

int Execution::State::input(std::string_view name) const {
  const auto& inputs = plan->program.inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].name == name) return static_cast<int>(i);
  throw UsageError(
      str_cat("the plan has no input '", name, "'; its inputs are ", input_names(*plan)));
}

const Program::Output* Execution::State::output(const Value& value) const {
  if (value.serial() != plan->graph) return nullptr;
  for (const Program::Output& known : plan->program.outputs)
    if (known.node == value.node() && known.output == value.output()) return &known;
  return nullptr;
}

TensorView Execution::State::view(const Program::Output& output) const {
  if (!ran)
    throw UsageError(str_cat("'", output.names.front(), "' is not known before the first run"));
  const Address address = plan->address_of(output.value);
  std::byte* base =
      address.base == 0 ? workspace->memory() : bases[static_cast<std::size_t>(address.base)];
  return {base + address.offset, plan->program.value(output.value).type};
}

void Execution::State::check_inputs() const {
  const auto& inputs = plan->program.inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!bound[i])
      throw UsageError(str_cat("input '", inputs[i].name, "', ", inputs[i].type,
                               ", was not set; call set() before run()"));
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

void Execution::State::call(const PlanStep& step, std::size_t index, std::uint64_t run) {
  const Call call{
      .inputs = pointers.data() + step.first_input,
      .outputs = pointers.data() + step.first_output,
      .scratch = static_cast<std::byte*>(pointers[static_cast<std::size_t>(step.scratch)]),
      .workers = workers,
      .seed = store->seed(),
      .run = run};
  if (!profiling) return step.kernel.run(call);
  const Clock::time_point start = Clock::now();
  step.kernel.run(call);
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
                     std::shared_ptr<Workspace> workspace)
    : state_(std::make_unique<State>()) {
  const Program& program = plan->program;
  state_->plan = plan;
  state_->store = &store;
  state_->workers = &workers;
  state_->workspace = workspace ? std::move(workspace) : make_workspace();
  for (const Program::StoreVariable& variable : program.variables) {
    const int index = store.find(variable.name);
    if (index < 0)
      throw UsageError(str_cat("the store has no variable '", variable.name,
                               "'; give the store that the plan's graph was built on"));
    if (store[index].value().type() != variable.type)
      throw UsageError(str_cat("the plan's variable '", variable.name, "' is ", variable.type,
                               ", the store's is ", store[index].value().type()));
    state_->variables.push_back(&store[index]);
  }
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

bool Execution::reads(std::string_view input) const {
  return std::ranges::any_of(state_->plan->program.inputs,
                             [&](const Program::Input& known) { return known.name == input; });
}

void Execution::set(std::string_view input, const Tensor& tensor) { set(input, tensor.view()); }

void Execution::set(std::string_view input, TensorView tensor) {
  const int index = state_->input(input);
  const Program::Input& expected = state_->plan->program.inputs[static_cast<std::size_t>(index)];
  if (tensor.type != expected.type)
    throw UsageError(str_cat("input '", input, "' is ", expected.type, ", not ", tensor.type));
  if (state_->workspace->holds(tensor.data))
    throw UsageError(str_cat("input '", input,
                             "' is given a result in the execution's own memory, ",
                             "which the run writes to; give a copy of it"));
  state_->bases[static_cast<std::size_t>(state_->plan->input_base(index))] = memory_of(tensor.data);
  state_->bound[static_cast<std::size_t>(index)] = true;
}

void Execution::set(std::string_view input, float number) {
  const int index = state_->input(input);
  Tensor& copy = state_->numbers[static_cast<std::size_t>(index)];
  if (copy.type() != TensorType{}) copy = Tensor(Shape{});
  copy.as<float>()[0] = number;
  set(input, copy.view());
}

void Execution::run() {
  State& state = *state_;
  state.check_inputs();
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
}

TensorView Execution::get(Value output) const {
  if (output)
    if (const Program::Output* known = state_->output(output)) return state_->view(*known);
  throw UsageError(str_cat(
      "the value", output ? str_cat(" '", output.graph().node(output.node()).name, "'") : "",
      " is no output of this plan; give it to compile() too"));
}

TensorView Execution::get(std::string_view scoped_name) const {
  std::vector<std::string> names;
  for (const Program::Output& output : state_->plan->program.outputs) {
    for (const std::string& name : output.names) {
      if (name == scoped_name) return state_->view(output);
      names.push_back(name);
    }
  }
  const std::string nearest = nearest_name(scoped_name, names);
  throw UsageError(str_cat("'", scoped_name, "' is no output of this plan",
                           nearest.empty() ? "" : str_cat("; did you mean '", nearest, "'?")));
}

float Execution::scalar(Value output) const {
  const TensorView view = get(output);
  if (view.type.size() != 1)
    throw UsageError(str_cat("asked for the one number of a tensor ", view.type));
  return view.as<float>()[0];
}

const Plan& Execution::plan() const { return *state_->plan; }

void Execution::set_profiling(bool on) {
  state_->profiling = on;
  if (!on || !state_->profile.empty()) return;
  const Program& program = state_->plan->program;
  const auto add = [&](const Step& step) {
    state_->profile.push_back({.op = label_of(step), .scope = scope_of(step.nodes.front())});
  };
  for (const Step& step : program.steps) add(step);
  for (const Program::Pack& pack : program.packs) add(pack.step);
}

std::vector<Execution::StepProfile> Execution::profile() const { return state_->profile; }

}  // namespace abax
