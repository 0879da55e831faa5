// abax-predict: what a trained model decides on data without answers.
#include "tools/run_tool.h"

int main(int argc, char** argv) {
  return abax::run_tool_main(
      {"predict",
       "Tells what a run of abax-train decides on data that carries no answer: the class of "
       "each line.",
       &abax::TaskEntry::predict},
      argc, argv);
}
