// abax-evaluate: what a trained model is worth, as a table and as JSON; the log-probability of
// lines.
#include "tools/run_tool.h"

int main(int argc, char** argv) {
  return abax::run_tool_main(
      {"evaluate",
       "Evaluates a checkpoint of abax-train: loss, perplexity, bits a character, accuracy, "
       "BLEU, chrF, bounds on the likelihood, use of codes, as far as they apply. BLEU is over the "
       "corpus, of one to four words as mteval-v13a cuts them, without smoothing; chrF of one "
       "to six characters, with a beta of 2; both in small letters where the model's text is.",
       &abax::TaskEntry::evaluate,
       R"(Of images and sentences, in nats an image or a sentence over the whole pass
  elbo, kl, reconstruction  the evidence lower bound by one hard sample of the posterior, and
                      its terms
  iwae                the importance-weighted bound of so many --samples (Burda et al. 2016, eq. 8)
  active units        Gaussian latents whose posterior mean has a variance above 0.01
  code perplexity     exp of the entropy of the codes' frequencies, the mean over codebooks or
                      latents; code usage: the share of the codes that occur at all
  aggregate entropy   of the posterior's mean over the items (of quantised codes: of their
                      frequencies), summed over latents (the codes of an item); of Gaussian
                      latents its differential entropy, by the samples below
  mutual information  of item and latents; categorical (mutual information sum): that entropy
                      less the mean entropy of the posterior, an upper bound; Gaussian: by one
                      sample z of the posterior an item, the mean of log q(z|x) - log (mean of
                      q(z|x') over the items x') (Hoffman and Johnson 2016), which is at most the
                      log of the number of items; of more than 5,000, so many evenly spaced ones
                      are compared
Of sentences besides
  tokens              of a sentence, its end counted
  perplexity bound    exp(-elbo / tokens): a token's perplexity is at most this
  other z cost        log p(x|z) with the z of another sentence in the place of its own, less:
                      what a decoder that reads its latent loses, 0 of one that does not
  homogeneity, completeness  of discrete codes (all of a sentence as one) with the labels of its
                      files (Rosenberg and Hirschberg 2007): 1 where each code has sentences of
                      one label alone, and each label one code; code entropy: of these codes; of many
                      codes also the homogeneity of the one that has most of it
  bleu, exact         of what is written again, word by word, of the codes of each sentence,
                      against it; the share of those that are equal
  forward, reverse perplexity  a token, of the sentences in --drawn under this language model; of
                      --data under one like it that is trained on them; data perplexity: of
                      --data under this one)"},
      argc, argv);
}
