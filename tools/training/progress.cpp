// The progress bar and its plain stand-in; see progress.h.
#include "tools/training/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <ostream>
#include <sstream>

#include "core/base/text.h"

namespace abax {
namespace {

constexpr double forgetting = 0.95;  // a step's share in what is shown is 1 - this
constexpr double seconds_between_bars = 0.1;
constexpr double seconds_between_lines = 10;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// About four digits.
std::string short_text(double value) {
  const double size = std::abs(value);
  return fixed_text(value, size < 1 ? 4 : size < 10 ? 3 : size < 100 ? 2 : 1);
}

}  // namespace

bool is_terminal(int descriptor) { return isatty(descriptor) == 1; }

int terminal_columns(int descriptor) {
  struct winsize size {};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

bool has_room_for_bar(const char* type, int columns) {
  constexpr int least = 50;
  const std::string_view name = type ? type : "";
  return !name.empty() && name != "dumb" && columns >= least;
}

std::string fixed_text(double value, int digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << value;
  return out.str();
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "-:--";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  std::ostringstream out;
  out << std::setfill('0');
  if (whole >= 3600) out << whole / 3600 << ":" << std::setw(2);
  out << whole / 60 % 60 << ":" << std::setw(2) << whole % 60;
  return out.str();
}

std::string count_text(double count) {
  if (!(count >= 999.5)) return fixed_text(count, 0);
  int prefix = -1;
  do {
    count /= 1000;
    ++prefix;
  } while (count >= 999.5 && prefix < 3);
  const int digits = count < 9.995 ? 2 : count < 99.95 ? 1 : 0;
  return fixed_text(count, digits) + "kMGT"[prefix];
}

Progress::Progress(std::ostream& out, std::int64_t first, std::int64_t last, ProgressStyle style,
                   Clock clock)
    : out_(out),
      first_(first),
      last_(last),
      style_(std::move(style)),
      clock_(clock ? std::move(clock) : Clock(steady_seconds)),
      start_(clock_()),
      last_step_time_(start_),
      last_drawn_(start_),
      last_done_(first) {}

Progress::~Progress() { finish(); }

double Progress::rate() const { return training_seconds_ > 0 ? tokens_ / training_seconds_ : 0; }

std::string Progress::status(std::int64_t done) const {
  const double loss = weight_ > 0 ? loss_sum_ / weight_ : 0;
  const double run = last_step_time_ - start_;
  const double left =
      done > first_ ? run / static_cast<double>(done - first_) * static_cast<double>(last_ - done)
                    : -1;
  std::string status;
  if (loss_shown_) status = str_cat("loss ", fixed_text(loss, std::abs(loss) < 100 ? 4 : 2), "  ");
  if (style_.perplexity)
    status += str_cat("ppl ", std::exp(loss) < 1e6 ? fixed_text(std::exp(loss), 2) : "big", "  ");
  for (const auto& [name, sum] : figure_sums_)
    status += str_cat(name, " ", short_text(sum / weight_), "  ");
  return str_cat(status, count_text(rate()), " ", style_.unit, "/s  ", duration_text(left),
                 " left");
}

void Progress::step(std::int64_t done, double loss, double tokens, const Figures& figures,
                    bool loss_shown) {
  loss_shown_ = loss_shown;
  const double now = clock_();
  training_seconds_ += now - last_step_time_;
  last_step_time_ = now;
  tokens_ += tokens;
  loss_sum_ = forgetting * loss_sum_ + (1 - forgetting) * loss;
  for (const auto& [name, value] : figures)
    figure_sums_[name] = forgetting * figure_sums_[name] + (1 - forgetting) * value;
  weight_ = forgetting * weight_ + (1 - forgetting);
  const auto tenth = [&](std::int64_t step) {
    return step * 10 / std::max<std::int64_t>(last_, 1);
  };
  const bool due =
      style_.bar ? now - last_drawn_ >= seconds_between_bars
                 : now - last_drawn_ >= seconds_between_lines || tenth(done) != tenth(last_done_);
  last_done_ = done;
  if (style_.quiet || !(due || done == last_)) return;
  last_drawn_ = now;
  draw(done);
}

void Progress::draw(std::int64_t done) {
  const std::string steps = str_cat(done, "/", last_);
  if (!style_.bar) {
    std::string line = str_cat("step ", steps, "  ", status(done));
    if (style_.columns > 0)
      line.resize(std::min(line.size(), static_cast<std::size_t>(style_.columns)));
    out_ << line << "\n" << std::flush;
    return;
  }
  const std::string right = str_cat(" ", steps, "  ", status(done));
  // The last column stays empty: writing there would break the line on some terminals.
  const int room = style_.columns - 1 - static_cast<int>(right.size()) - 2;
  std::string line = right.substr(1);
  if (room >= 5) {
    const auto filled = static_cast<std::size_t>(done * room / std::max<std::int64_t>(last_, 1));
    line = str_cat('[', std::string(filled, '#'),
                   std::string(static_cast<std::size_t>(room) - filled, '.'), ']', right);
  }
  line.resize(std::min(line.size(), static_cast<std::size_t>(std::max(style_.columns - 1, 1))));
  out_ << "\r\x1b[K" << line << std::flush;
  bar_shown_ = true;
}

void Progress::clear_bar() {
  if (bar_shown_) out_ << "\r\x1b[K";
  bar_shown_ = false;
}

void Progress::note(std::string_view line) {
  const bool shown = bar_shown_;
  clear_bar();
  out_ << line << "\n" << std::flush;
  if (shown) draw(last_done_);
}

void Progress::skip_time() { last_step_time_ = clock_(); }

void Progress::finish() {
  if (bar_shown_) out_ << "\n" << std::flush;
  bar_shown_ = false;
}

}  // namespace abax
