// abax-encode: items to the codes of a trained autoencoder.
#include "tools/run_tool.h"

int main(int argc, char** argv) {
  return abax::run_tool_main(
      {"encode",
       "Writes the codes of items: the likeliest ones of an autoencoder of abax-train; of a "
       "Gaussian one the posterior's means. abax-decode makes items of them again.",
       &abax::TaskEntry::encode},
      argc, argv);
}
