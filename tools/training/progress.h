// The progress of a training run: a bar on a terminal, a plain line now and then elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>

namespace abax {

/// Whether the descriptor (1: standard output) is a terminal, and how wide it is (80 where
/// unknown).
bool is_terminal(int descriptor);
int terminal_columns(int descriptor);
/// Whether a line can be rewritten on a terminal of that type ($TERM, which may be null) and width:
/// a "dumb" one cannot move back, and a narrow one has no room for it.
bool has_room_for_bar(const char* type, int columns);

/// "1:02:03", "4:05" or "-:--" for a time that is not known.
std::string duration_text(double seconds);
/// "1.234", with so many digits behind the point.
std::string fixed_text(double value, int digits);
/// "950", "12.3k", "4.5M": three digits that a person can read.
std::string count_text(double count);

struct ProgressStyle {
  bool bar = false;    // rewrite one line; otherwise a line every tenth of the run or ten seconds
  int columns = 0;     // the width of the terminal, to which lines are cut; 0: any
  bool quiet = false;  // lines given by note() alone
  bool perplexity = true;  // exp(loss) is shown
  std::string unit = "tokens";
};

///     Progress progress(std::cout, first_step, last_step, style);
///     progress.step(step, loss, tokens);
///     progress.note("step 500: validation loss 1.52 nats");
class Progress {
 public:
  using Clock = std::function<double()>;  // seconds
  /// Counts from `first` (0, or the step that a run is resumed at) to `last`.
  Progress(std::ostream& out, std::int64_t first, std::int64_t last, ProgressStyle style,
           Clock clock = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  using Figures = std::map<std::string, double>;  // by name
  /// Step `done` is complete: its loss in nats a token, how many tokens it took, and what else is
  /// shown; the loss is not where a figure says it already.
  void step(std::int64_t done, double loss, double tokens, const Figures& figures = {},
            bool loss_shown = true);
  /// A line of its own, above the bar.
  void note(std::string_view line);
  /// The time since the last step was no training (a validation, a checkpoint): it does not slow
  /// the rate.
  void skip_time();
  /// Leaves the bar's line behind; the destructor does it too.
  void finish();

  /// Tokens a second of training so far, 0 before the first step.
  double rate() const;

 private:
  std::string status(std::int64_t done) const;
  void draw(std::int64_t done);
  void clear_bar();

  std::ostream& out_;
  std::int64_t first_, last_;
  ProgressStyle style_;
  Clock clock_;
  double start_, last_step_time_;
  double training_seconds_ = 0, tokens_ = 0;
  // Means that forget: their common weight grows to 1.
  double loss_sum_ = 0, weight_ = 0;
  Figures figure_sums_;
  bool loss_shown_ = true;
  double last_drawn_;
  std::int64_t last_done_;
  bool bar_shown_ = false;
};

}  // namespace abax
