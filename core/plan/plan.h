// What compile() made and an execution runs: kernels, and addresses into a table of memory bases.
//
// The words of core, one a concept:
//   node          an op applied in a graph; its outputs are values
//   program       what compile() rewrites, pass by pass: a list of steps (program.h)
//   step          one kernel call of a program, later of a plan
//   tile program  elementwise operations over tiles (tile.h): instructions over registers, run as
//                 stages; a step holds one alone or as its op's epilogue
//   plan          what is left to run: kernels and addresses
//   execution     a plan with memory; a run is one pass over its steps
//   time          when a step runs: those of one time run side by side
//   group         elementwise steps that become one (fuse.cpp)
//   part          a share of one kernel's work, which one thread does: a partition is the cut
//   task          what a kernel does one by one within its parts, where parts hold several
//   block         in the arena a range with a lifetime (memory.cpp); in kernels what fits a cache
//   piece         a range of another value's or tensor's memory: a view is one
//   slot          scratch that a running part takes
//   pack          a variable as an op reads it best, kept while the variable's version stays
//   unit          a hidden unit of a recurrent layer
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/plan/compile.h"
#include "core/plan/passes.h"
#include "core/plan/program.h"

namespace abax {

/// A position in memory that is known when a run begins: an offset from one of the plan's bases.
/// Base 0 is the arena, then come the inputs, the variables, the constants and the packs.
struct Address {
  int base = 0;
  std::size_t offset = 0;
};

/// A kernel with its operands: positions in Plan::addresses.
struct PlanStep {
  Kernel kernel;
  int first_input = 0;
  int first_output = 0;
  int scratch = 0;  // of the address of its scratch
  Cost cost;
};

class Plan {
 public:
  Program program;  // for names, shapes and printing; its steps match `steps`
  CompileOptions options;
  std::uint64_t graph = 0;  // its serial
  std::vector<PlanStep> steps;
  std::vector<int> times;                 // one a step: those of one time run side by side
  std::vector<PlanStep> packs;            // one each of program.packs
  std::vector<std::size_t> pack_offsets;  // in an execution's memory for packs
  std::size_t pack_bytes = 0;
  std::vector<Address> addresses;        // of the operands of all steps
  std::vector<Address> value_addresses;  // one a value
  MemoryPlan memory;
  bool random = false;  // holds a step that is not repeatable: runs are counted

  int input_base(int i) const { return 1 + i; }
  int variable_base(int i) const { return input_base(static_cast<int>(program.inputs.size())) + i; }
  int constant_base(int i) const {
    return variable_base(static_cast<int>(program.variables.size())) + i;
  }
  int pack_base() const { return constant_base(static_cast<int>(program.constants.size())); }
  int base_count() const { return pack_base() + 1; }

  Address address_of(int value) const { return value_addresses[static_cast<std::size_t>(value)]; }
};

}  // namespace abax
