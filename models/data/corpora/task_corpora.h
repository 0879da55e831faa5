// Data for tasks of sequences that needs no file: made from small grammars, its optimum known.
//
//     const PairCorpus corpus = phrasebook(/*seed=*/1);
//     corpus.train.source[0];    // "the hungry foxes see a bell in the garden ."
//     corpus.train.target[0];    // "in lo giardo li volpini famini una campana vident ."
//     corpus.valid_nats;         // that of a model that knows the languages
//
// The words of a sentence, punctuation among them, stand between single spaces: any tokeniser will
// do. A part is drawn by the seed alone, whatever the sizes of the others, and no source or
// sentence is in two parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "models/data/text/labelled_text.h"
#include "models/data/text/parallel_text.h"

namespace abax::data {

struct PartSizes {
  std::int64_t train = 20'000, valid = 1'000, test = 1'000;
};

struct PairCorpus {
  ParallelText train, valid, test;
  /// -log p of all targets of the part, given their sources, under the probabilities that made
  /// them: over the number of targets of SentencePairs the least loss that any model can expect.
  /// The ends of the targets are certain.
  double valid_nats = 0, test_nats = 0;
};

/// Two little languages. The second one puts the verb last, adjectives behind their nouns, and the
/// place in front (3 of 4 times) or before the verb; articles and adjectives agree with the noun in
/// gender and number, verbs with the subject. Some words have two translations, of known
/// probability and not always of one gender.
PairCorpus phrasebook(std::uint64_t seed, const PartSizes& sizes = {});

/// Stories of 2 to 8 facts with a question, in the manner of bAbI (Weston et al. 2015), and the
/// answer, one word: where somebody is, where a thing is (taken, carried along and dropped), who
/// has it. The answers are determined: 0 nats. Each valid or test story is new, its question aside.
///
///     mary went to the garden . john took the apple . john went to the hall . where is the apple ?
///     hall
PairCorpus questions(std::uint64_t seed, const PartSizes& sizes = {});

struct LabelledCorpus {
  LabelledText train, valid, test;
  /// -log p of all labels of the part under the probabilities that made them.
  double valid_nats = 0, test_nats = 0;
  /// The accuracy that a model which knew them would have on this very part.
  double valid_accuracy = 0, test_accuracy = 0;
};

/// How often a judgement's label is the wrong one.
inline constexpr double judgement_noise = 0.1;

/// Judgements, "negative" or "positive": adjectives, turned round by "not" or "never" before them;
/// after "but" the second clause decides, with "and" both say the same. One label in ten is wrong,
/// so that no model can expect to be right on more than 9 of 10, nor a loss below 0.325 nats.
///
///     the soup was very good but the waiter never seemed friendly .
LabelledCorpus judgements(std::uint64_t seed, const PartSizes& sizes = {});

struct SentenceCorpus {
  /// The label of a sentence is the latent that made it.
  LabelledText train, valid, test;
  /// The entropy of the latent: what a code that is the latent costs.
  double latent_nats = 0;
  /// -log p of all sentences of the part, whatever their latents: over their number what no model
  /// can expect to be below.
  double train_nats = 0, valid_nats = 0, test_nats = 0;
};

/// Of moods(): 4 kinds by 4 moods, equally likely, ln 16 = 2.77 nats.
inline constexpr std::size_t mood_latents = 16;

/// Reports, questions, requests and wishes (the kinds), each calm, happy, sad or angry (the moods).
/// Six words of a sentence are the latent's own 7 times in 10, else another one's of its mood or
/// its kind: each by itself leaves doubt, all together leave none. Given the latent all words are
/// independent, so that nothing but the latent tells of more than one of them. Its label is
/// 4 * kind + mood. 13 to 15 words and signs, 14.7 nats a sentence.
///
///     well , first anna must gently mend the plain boat outside in peace .
///     oh , would clara just calmly praise the golden ring in time ?
SentenceCorpus moods(std::uint64_t seed, const PartSizes& sizes = {});

/// log p(sentence, latent) for each of the latents under the probabilities of moods(); -infinity
/// where they cannot make the sentence. It tells what a model's own sentences are worth.
std::vector<double> mood_log_probabilities(std::string_view sentence);

}  // namespace abax::data
