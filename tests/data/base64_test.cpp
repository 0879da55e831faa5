// Base64: the examples of RFC 4648, all bytes, malformed text.
#include "models/data/text/base64.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

namespace abax::data {

TEST_CASE("base64: the examples of RFC 4648, section 10") {
  for (const auto& [bytes, letters] : {std::pair<std::string, std::string>{"", ""},
                                       {"f", "Zg=="},
                                       {"fo", "Zm8="},
                                       {"foo", "Zm9v"},
                                       {"foob", "Zm9vYg=="},
                                       {"fooba", "Zm9vYmE="},
                                       {"foobar", "Zm9vYmFy"}}) {
    CHECK(to_base64(bytes) == letters);
    CHECK(from_base64(letters) == bytes);
  }
  std::string all;
  for (int i = 0; i < 1000; ++i) all += static_cast<char>(i * 7);
  CHECK(from_base64(to_base64(all)) == all);
}

TEST_CASE("base64: malformed text is refused") {
  for (const char* broken : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "=", "Zm9v\n", "Zm9v Zm9v",
                             "Zg==Zg==", "Zm9*", "Z===", "Zm9vYg=a"}) {
    CAPTURE(broken);
    CHECK_THROWS_AS(from_base64(broken), DataError);
  }
}

}  // namespace abax::data
