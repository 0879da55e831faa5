// abax-decode: codes to items, by the autoencoder that made them.
#include "tools/run_tool.h"

int main(int argc, char** argv) {
  return abax::run_tool_main(
      {"decode",
       "Makes items of the codes that abax-encode wrote. Codes of another model are refused "
       "by its hash.",
       &abax::TaskEntry::decode},
      argc, argv);
}
