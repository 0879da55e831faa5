// A stream buffer over write(2) that keeps the reason of a failure; see standard_output.h.
#include "tools/standard_output.h"

#include <unistd.h>

#include <cerrno>
#include <iostream>

namespace abax {

StandardOutput::StandardOutput() : before_(std::cout.rdbuf()) {
  std::cout.flush();
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  std::cout.rdbuf(this);
  std::cout.exceptions(std::ios::badbit);
}

StandardOutput::~StandardOutput() {
  finish();
  std::cout.rdbuf(before_);
}

int StandardOutput::finish() {
  std::cout.exceptions(std::ios::goodbit);
  std::cout.flush();
  return error_;
}

void StandardOutput::write_all() {
  for (const char* at = pbase(); at < pptr() && error_ == 0;) {
    const ssize_t count = write(STDOUT_FILENO, at, static_cast<std::size_t>(pptr() - at));
    if (count >= 0)
      at += count;
    else if (errno != EINTR)
      error_ = errno;
  }
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  if (error_ != 0) throw OutputError();
}

StandardOutput::int_type StandardOutput::overflow(int_type c) {
  write_all();
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  *pptr() = traits_type::to_char_type(c);
  pbump(1);
  return c;
}

int StandardOutput::sync() {
  write_all();
  return 0;
}

}  // namespace abax
