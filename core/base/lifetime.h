// Whether an object that others refer to is still there.
#pragma once

#include <memory>

namespace abax {

/// A member of an object whose users may outlive it by mistake: they keep what watch() gives, and
/// ask it before they go on.
class Lifetime {
 public:
  Lifetime() : token_(std::make_shared<char>()) {}
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;

  /// Expires when the object is destroyed.
  std::weak_ptr<const void> watch() const { return token_; }

 private:
  std::shared_ptr<const void> token_;
};

}  // namespace abax
