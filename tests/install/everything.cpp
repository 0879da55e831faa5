// Includes every installed header beside names of a program's own that a library might take from
// it.
#include <everything.h>

#include <cstdio>
#include <string>
#include <string_view>

using namespace abax;

struct Text {
  int words = 2;
};
Text text;
enum Limits { range = 3, place = 4, zeros = 5, version_number = 6 };
bool check(int value) { return value > 0; }
bool check(std::string_view value) { return !value.empty(); }
int uniform = 7, normal = 8, constant = 9, memory = 10, models = 11, layers = 12, steps = 13,
    batch = 14;
double test(double value) { return value; }
std::string message(int value) { return std::to_string(value); }
struct Config {};
struct Options {};
struct Item {};
struct Batch {};
struct Source {};
struct Dataset {};
struct Tokens {};
struct Trainer {};
struct Timer {};
Config config;
Options options;

int main() {
  const int own = text.words + range + place + zeros + version_number + uniform + normal +
                  constant + memory + models + layers + steps + batch +
                  static_cast<int>(test(1.0)) + static_cast<int>(message(1).size());
  const bool sound = check(own) && check("x") && Tensor({2, 3}).size() == 6 &&
                     available_cpus() > 0 && version() == ABAX_VERSION && ABAX_VERSION_MAJOR >= 0;
  // The place is the caller's, whatever compiler made the library.
  Variables store;
  Graph graph(store);
  const Value a = graph.input("a", {2, 3});
  std::string error, expected;
  try {
    expected = "everything.cpp:" + std::to_string(__LINE__ + 1);
    matmul(a, a);
  } catch (const ShapeError& e) {
    error = e.what();
  }
  const bool placed = error.find(expected) != std::string::npos;
  if (!placed) std::puts(error.c_str());
  return sound && placed ? 0 : 1;
}
