// abax-generate: new texts, lines and pictures by a trained model.
#include "tools/run_tool.h"

int main(int argc, char** argv) {
  return abax::run_tool_main(
      {"generate",
       "Makes what a run of abax-train has learnt to make: text that goes on from a prompt, "
       "a line for each line of a file, new sentences, pictures.",
       &abax::TaskEntry::generate},
      argc, argv);
}
