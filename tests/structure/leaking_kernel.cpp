// A kernel source as none may be: it uses a function outside its level's namespace, of which the
// linker keeps one copy for all levels. The check of symbols must find it.
namespace abax {

template <class T>
[[gnu::noinline]] T doubled(T x) {
  return x + x;
}

namespace ABAX_LEVEL {

float leaking(float x) { return doubled(x); }

}  // namespace ABAX_LEVEL
}  // namespace abax
