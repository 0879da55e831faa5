#!/bin/sh
# Autoencoders of sentences: new sentences, codes and back, codes that are of another model; see
# common.sh.
set -eu
. "$(dirname "$0")/common.sh"

small="--model text_vae --encoder-width 12 --decoder-width 12 --latents 4 --threads 2"
for latent in gaussian categorical; do
  expect 0 "$train" $small --latent $latent --steps 3 --out $latent
  says "nats a sentence"
  says "reconstruction  "
  says "generate --checkpoint $latent"
  expect 0 "$evaluate" --checkpoint $latent --samples 2 --json sentences.json
  says "iwae samples            2"
  says "other z cost"
  says "mutual information"
  for key in elbo iwae kl reconstruction tokens aggregate_entropy perplexity_bound other_z_cost bleu exact; do
    grep -q "\"$key\":[-0-9]" sentences.json
  done
  expect 0 "$generate" --checkpoint $latent
  test "$(wc -l <output)" = 10
  mv output first
  expect 0 "$generate" --checkpoint $latent --threads 1
  cmp first output
  expect 0 "$generate" --checkpoint $latent --seed 2 --count 10
  expect 1 cmp first output
  for kind in npy jsonl; do
    expect 0 "$encode" --checkpoint $latent --out $latent.$kind
    says "codes of 1000 sentences"
    expect 0 "$decode" --checkpoint $latent --codes $latent.$kind --out $kind.txt
    says "1000 sentences in $kind.txt"
  done
  cmp npy.txt jsonl.txt
  expect 0 "$decode" --checkpoint $latent --codes $latent.npy
  cmp output npy.txt
done
grep -q '"label":' gaussian.jsonl

# Sentences that are given, in their order, blank lines aside.
printf 'the soup was good .\n\nthe film was not bad .\nthe soup was good .\n' >lines.txt
expect 0 "$encode" --checkpoint gaussian --data lines.txt --out lines.jsonl
says "codes of 3 sentences"
test "$(sed -n 2p lines.jsonl)" = "$(sed -n 4p lines.jsonl)"
test "$(sed -n 2p lines.jsonl)" != "$(sed -n 3p lines.jsonl)"
expect 0 "$generate" --checkpoint gaussian --from "the soup was good ."
test "$(wc -l <output)" = 1; mv output one
expect 0 "$decode" --checkpoint gaussian --codes lines.jsonl
head -1 output | cmp - one
expect 0 "$decode" --checkpoint gaussian --codes lines.jsonl --beam 2
expect 0 "$generate" --checkpoint gaussian --line 3 --data lines.txt --decodings 4 --temperature 0.5
says "line 3: the soup was good ."
test "$(grep -c "^1	" output)" = 4
expect 0 "$generate" --checkpoint gaussian --count 3 --decodings 2
test "$(cut -f 1 output | tr '\n' ' ')" = "1 1 2 2 3 3 "
expect 0 "$generate" --checkpoint categorical --line 1,2 --data lines.txt
test "$(grep -vc "^line " output)" = 7
expect 0 "$generate" --checkpoint categorical --from "the soup was good ." --to "the film was bad ." --count 4
test "$(wc -l <output)" = 4
seq 200 | tr '\n' ' ' >wide.txt
expect 0 "$encode" --checkpoint gaussian --data wide.txt --out wide.jsonl
says "1 line was longer than the model reads"

expect 2 "$generate" --checkpoint gaussian --line 4 --data lines.txt
says "there are 3 sentences, not 4"
expect 2 "$generate" --checkpoint gaussian --beam 2
says "--temperature 0"
expect 2 "$generate" --checkpoint gaussian --to "the film was bad ."
expect 2 "$generate" --checkpoint gaussian --data lines.txt
expect 2 "$generate" --checkpoint gaussian --line 1,2 --count 1
expect 2 "$generate" --checkpoint gaussian --line 1 --from "the film was bad ."
expect 2 "$encode" --checkpoint gaussian --out codes.txt
expect 4 "$decode" --checkpoint gaussian --codes categorical.jsonl
says "encode the sentences anew"
expect 4 "$decode" --checkpoint gaussian --codes categorical.npy

# A file a class; then one without.
printf 'a b\nb c d\n' >first.txt; printf 'c a\nd d d\na c\n' >second.txt
expect 0 "$train" $small --data first.txt,second.txt --split 100,0,0 --steps 2 --out classes
says "2 classes"
expect 0 "$encode" --checkpoint classes --data first.txt,second.txt --out classes.jsonl
test "$(grep -c '"label":1' classes.jsonl)" = 3
expect 0 "$evaluate" --checkpoint classes --data second.txt --score scores.txt
test "$(wc -l <scores.txt)" = 3
expect 2 "$evaluate" --checkpoint classes --data second.txt,first.txt
says "in this order"

# By label, each once without further options; and codes of several places.
expect 0 "$train" --model conditional_vae --encoder-width 12 --decoder-width 12 --latents 4 --threads 2 \
  --data first.txt,second.txt --split 100,0,0 --steps 2 --out conditional
expect 0 "$generate" --checkpoint conditional
test "$(cut -f 1 output | tr '\n' ' ')" = "first second "
expect 0 "$generate" --checkpoint conditional --label second,0 --count 2
test "$(cut -f 1 output | tr '\n' ' ')" = "second second first first "
expect 0 "$generate" --checkpoint conditional --from "a b" --label 1
test "$(wc -l <output)" = 1
expect 0 "$encode" --checkpoint conditional --data first.txt,second.txt --out conditional.jsonl
expect 0 "$decode" --checkpoint conditional --codes conditional.jsonl
expect 0 "$evaluate" --checkpoint conditional --data first.txt,second.txt
expect 0 "$evaluate" --checkpoint conditional --data second.txt
expect 2 "$generate" --checkpoint conditional --label third
says "the classes are first, second"
expect 2 "$generate" --checkpoint classes --label 1
says "does not write by label"

expect 0 "$train" --model text_vqvae --encoder-width 12 --decoder-width 12 --threads 2 --steps 3 --out quantised
says "homogeneity"
expect 0 "$generate" --checkpoint quantised
says "as if they were independent"
expect 0 "$encode" --checkpoint quantised --out quantised.jsonl
expect 0 "$decode" --checkpoint quantised --codes quantised.jsonl
expect 0 "$evaluate" --checkpoint quantised

# A prior over the codes of sentences, by the labels that they have.
expect 0 "$train" --model code_prior --codes-of quantised --width 8 --heads 2 --layers 1 --threads 2 --steps 3 --out prior
says "4 a sentence, each of 128; 20,000 sentences to train on"
says "new sentences, drawn from the prior"
expect 0 "$generate" --checkpoint prior
test "$(wc -l <output)" = 16
grep -q "^happy-wish	" output
mv output first
expect 0 "$generate" --checkpoint prior --threads 1
cmp first output
expect 0 "$generate" --checkpoint prior --label 2,3 --count 2
test "$(cut -f 1 output | tr '\n' ' ')" = "sad-report sad-report angry-report angry-report "
expect 0 "$evaluate" --checkpoint prior
expect 2 "$generate" --checkpoint prior --out x.png
says "sentences are printed"

# Without latents: a language model of sentences, beside which drawn ones are put.
expect 0 "$train" --model text_vae --decoder-width 12 --latents 0 --threads 2 --steps 3 --out plain
says "new sentences"
expect 0 "$generate" --checkpoint gaussian --count 50
mv output drawn.txt
expect 0 "$evaluate" --checkpoint plain --drawn drawn.txt
says "forward perplexity"
says "reverse perplexity"
expect 2 "$evaluate" --checkpoint gaussian --drawn drawn.txt
says "--latents 0"
expect 2 "$encode" --checkpoint plain --out none.jsonl
says "no latents"
