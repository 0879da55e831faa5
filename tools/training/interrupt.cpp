// Signal handlers that set a flag; see interrupt.h.
#include "tools/training/interrupt.h"

#include <csignal>

namespace abax {
namespace {

// A handler can reach nothing but such a variable.
volatile std::sig_atomic_t noted_signal = 0;

struct sigaction previous_interrupt, previous_terminate;

void note(int signal) { noted_signal = signal; }

}  // namespace

InterruptGuard::InterruptGuard() {
  noted_signal = 0;
  struct sigaction action {};
  action.sa_handler = note;
  // RESETHAND: a second signal ends a process that hangs. RESTART: reads and writes go on.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &previous_interrupt);
  sigaction(SIGTERM, &action, &previous_terminate);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &previous_interrupt, nullptr);
  sigaction(SIGTERM, &previous_terminate, nullptr);
}

bool InterruptGuard::came() const { return noted_signal != 0; }

int InterruptGuard::exit_code() const { return came() ? 128 + noted_signal : 0; }

}  // namespace abax
