// Signal handlers that set a flag; see interrupt.h.
#include "tools/training/interrupt.h"

#include <array>
#include <csignal>
#include <cstddef>

namespace abax {
namespace {

// A handler can reach nothing but such a variable.
volatile std::sig_atomic_t noted_signal = 0;

constexpr std::array<int, 4> signals{SIGINT, SIGTERM, SIGHUP, SIGPIPE};
std::array<struct sigaction, signals.size()> previous;

void note(int signal) {
  if (signal != SIGPIPE || noted_signal == 0) noted_signal = signal;
}

}  // namespace

InterruptGuard::InterruptGuard() {
  noted_signal = 0;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = note;
    // RESETHAND: a second signal ends a process that hangs. RESTART: reads and writes go on.
    action.sa_flags = SA_RESTART;
    if (signals[i] != SIGPIPE) action.sa_flags |= static_cast<int>(SA_RESETHAND);
    sigemptyset(&action.sa_mask);
    sigaction(signals[i], &action, &previous[i]);
    if (signals[i] == SIGHUP && previous[i].sa_handler == SIG_IGN)
      sigaction(SIGHUP, &previous[i], nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &previous[i], nullptr);
}

bool InterruptGuard::came() const { return noted_signal != 0; }

int InterruptGuard::exit_code() const { return came() ? 128 + noted_signal : 0; }

}  // namespace abax
