// Philox4x32-10, keys for its streams, and sequential draws. Plain arithmetic: the same on every
// machine.
#include "core/base/random.h"

#include <bit>
#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

std::uint64_t product(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b);
}
std::uint32_t high(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }
std::uint32_t low(std::uint64_t word) { return static_cast<std::uint32_t>(word); }

// FNV-1a, a byte at a time.
class Hash {
 public:
  void add(std::uint64_t number) {
    for (int byte = 0; byte < 8; ++byte) add_byte(static_cast<unsigned char>(number >> (8 * byte)));
  }
  void add(std::string_view name) {
    add(static_cast<std::uint64_t>(name.size()));  // so that ("ab", "c") is not ("a", "bc")
    for (const char c : name) add_byte(static_cast<unsigned char>(c));
  }
  // FNV leaves neighbouring names with similar keys; the finaliser of splitmix64 (Steele et al.
  // 2014) spreads every bit over all others.
  std::uint64_t mixed() const {
    std::uint64_t z = state_ + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  void add_byte(unsigned char byte) { state_ = (state_ ^ byte) * 0x100000001b3u; }
  std::uint64_t state_ = 0xcbf29ce484222325u;
};

constexpr double pi = 3.141592653589793;
constexpr double ln2 = 0.6931471805599453;

// The C library picks its log and cos by CPU, with other last bits; these use + - * / alone.
// log(x) = e ln 2 + 2 atanh(t), t = (m - 1) / (m + 1), for a positive, normal x = m 2^e.
double portable_log(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // in [0.5, 1)
  if (m < 0.7071067811865476) {
    m *= 2;
    --exponent;
  }
  const double t = (m - 1) / (m + 1);  // |t| <= 0.1716
  double sum = 0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * (t * t) + 1.0 / k;
  return exponent * ln2 + 2 * t * sum;
}

// cos(2 pi u), u in [0, 1).
double portable_cos_of_turn(double u) {
  const int quarter = static_cast<int>(u * 4 + 0.5);  // the nearest multiple of a quarter turn
  const double x = (u - quarter * 0.25) * (2 * pi);   // in [-pi/4, pi/4]; the difference is exact
  const double square = x * x;
  const bool sine = quarter % 2 != 0;
  // Taylor's series of cos or sin, from the last term inwards.
  double sum = 1;
  for (int k = sine ? 19 : 18; k >= 2; k -= 2) sum = 1 - sum * square / (k * (k - 1));
  if (sine) sum *= x;
  return quarter == 1 || quarter == 2 ? -sum : sum;  // cos(x + pi/2) = -sin x, cos(x + pi) = -cos x
}

}  // namespace

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = product(0xd2511f53u, counter[0]);
    const std::uint64_t p1 = product(0xcd9e8d57u, counter[2]);
    counter = {high(p1) ^ counter[1] ^ key[0], low(p1), high(p0) ^ counter[3] ^ key[1], low(p0)};
    key[0] += 0x9e3779b9u;  // Weyl sequences: the golden ratio, and sqrt(3) - 1
    key[1] += 0xbb67ae85u;
  }
  return counter;
}

std::uint64_t stream_key(std::uint64_t seed, std::string_view label, std::string_view name) {
  Hash hash;
  hash.add(seed);
  hash.add(label);
  hash.add(name);
  return hash.mixed();
}

std::uint32_t Random::next() {
  if (left_ == 0) {
    words_ =
        philox({low(counter_), high(counter_), low(run_), high(run_)}, {low(key_), high(key_)});
    ++counter_;
    left_ = 4;
  }
  return words_[static_cast<std::size_t>(4 - left_--)];
}

double Random::uniform() {
  const std::uint64_t upper = next() >> 5;  // 27 bits
  const std::uint64_t lower = next() >> 6;  // 26 bits
  return static_cast<double>(upper << 26 | lower) * 0x1p-53;
}

double Random::normal() {
  const double radius = std::sqrt(-2 * portable_log(1 - uniform()));  // 1 - u is never 0
  return radius * portable_cos_of_turn(uniform());
}

std::int64_t Random::below(std::int64_t n) {
  if (n <= 0)
    throw UsageError(str_cat("a random number below ", n, " was asked for; it needs 1 or more"));
  // Words beyond the last whole multiple of n are drawn again: all remainders are equally likely.
  const auto range = static_cast<std::uint64_t>(n);
  const std::uint64_t excess = (UINT64_MAX % range + 1) % range;
  while (true) {
    const std::uint64_t word = static_cast<std::uint64_t>(next()) << 32 | next();
    if (word <= UINT64_MAX - excess) return static_cast<std::int64_t>(word % range);
  }
}

}  // namespace abax
