// Texts that need no file: the built-in corpus with its known entropy, and texts for tests of
// honesty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/data/corpora/text_source.h"

namespace abax::data {

/// A small grammar of sentences about animals and villagers: number agreement across relative
/// clauses, about a hundred words, ASCII, 0.37 nats a character, 1.70 a word.
///
///     The fox that follows the girls sings in the garden.
///     Every evening, a hungry bear hears the bell because it is late.
const TextSource& fables();

/// Sentences of the source, at least so many characters each, drawn independently: the same for the
/// same seed, and one part is the same whatever the size of the others.
struct Corpus {
  std::string train, valid, test;
};
Corpus make_corpus(const TextSource& source, std::uint64_t seed, std::int64_t train_characters,
                   std::int64_t valid_characters, std::int64_t test_characters);

/// Independent, equally likely characters of 64 symbols (A-Z, a-z, 0-9, +, /): no model can get
/// below ln 64 nats a character on text that it has not seen.
std::string random_text(std::uint64_t seed, std::int64_t characters);

/// `period` over and over, cut to that length: a model's loss goes to 0. Throws UsageError where it
/// is empty.
std::string periodic_text(std::string_view period, std::int64_t characters);

}  // namespace abax::data
