// Tools that work on a run: they open it, and do what the row of its task offers.
#pragma once

#include <string>
#include <vector>

#include "tools/tasks/tasks.h"

namespace abax {

/// A tool, and which column of the rows of tasks it stands for.
struct RunTool {
  std::string name;     // "generate"
  std::string purpose;  // what the help begins with
  TaskAction TaskEntry::*action;
  std::string epilogue = {};
};

/// The main of such a tool: reads --checkpoint and what the action of the run's task takes besides,
/// makes the store, acts. Returns the exit code.
int run_tool_main(const RunTool& tool, int argc, char** argv);

}  // namespace abax
