#!/bin/sh
# Autoencoders of targets that are given sources: targets of several latents, codes and back, what
# is refused; see common.sh.
set -eu
. "$(dirname "$0")/common.sh"

small="--model conditional_vae --condition source --encoder-width 12 --decoder-width 12 --latents 4 --threads 2"
expect 0 "$train" $small --steps 3 --out pairs
says "built-in phrasebook"
says "nats a sentence"
says "of latents drawn from the prior"
expect 0 "$evaluate" --checkpoint pairs --samples 2 --decodings 2 --json pairs.json
for key in elbo kl iwae tokens perplexity_bound mutual_information active_units other_z_cost bleu chrf \
  exact distinct_1 distinct_2 pairwise_bleu least_loss; do
  grep -q "\"$key\":[-0-9]" pairs.json || { echo "no $key"; cat pairs.json; exit 1; }
done

# Without further options the run's own sources, each beside its target.
expect 0 "$generate" --checkpoint pairs
test "$(wc -l <output)" = 10
test "$(cut -sf 1 output | sort -u | wc -l)" = 10
cut -f 1 output >sources.txt; cut -f 2 output >means.txt
expect 0 "$generate" --checkpoint pairs --source sources.txt --threads 1
cmp output means.txt
"$generate" --checkpoint pairs --source - <sources.txt | cmp - means.txt
expect 0 "$generate" --checkpoint pairs --source sources.txt --beam 3
test "$(wc -l <output)" = 10
expect 0 "$generate" --checkpoint pairs --source sources.txt --decodings 3
test "$(cut -f 1 output | uniq -c | awk '{print $1}' | tr '\n' ' ')" = "3 3 3 3 3 3 3 3 3 3 "
mv output several
expect 0 "$generate" --checkpoint pairs --source sources.txt --decodings 3 --threads 1
cmp output several
expect 0 "$generate" --checkpoint pairs --source sources.txt --decodings 3 --sample
test "$(wc -l <output)" = 30
expect 0 "$generate" --checkpoint pairs --source sources.txt --decodings 2 --beam 2 --n-best 2
test "$(cut -f 1 output | uniq -c | awk '{print $1}' | head -1)" = 4
test "$(cut -f 2 output | sort -u | wc -l)" = 40  # each of another latent

# Codes, in the order of the pairs, and back; zeros are the prior's mean.
for kind in npy jsonl; do
  expect 0 "$encode" --checkpoint pairs --out codes.$kind
  says "codes of 1000 pairs"
  expect 0 "$decode" --checkpoint pairs --codes codes.$kind --out $kind.txt
  says "1000 targets in $kind.txt"
done
cmp npy.txt jsonl.txt
expect 0 "$encode" --checkpoint pairs --data sources.txt,means.txt --out ten.jsonl
expect 0 "$decode" --checkpoint pairs --codes ten.jsonl --source sources.txt
test "$(wc -l <output)" = 10
scored="--checkpoint pairs --beam 2 --n-best 2 --source"
expect 0 "$generate" $scored sources.txt
mv output scores
sed -E '2,$s/"codes":\[[^]]*\]/"codes":[0,0,0,0]/' ten.jsonl >zeros.jsonl
expect 0 "$decode" $scored sources.txt --codes zeros.jsonl
cmp output scores
expect 0 "$decode" $scored sources.txt --codes ten.jsonl
mv output own
expect 1 cmp own scores
for i in 1 2 3 4 5 6 7 8 9; do cat sources.txt >>many.txt; cat means.txt >>targets.txt; done
expect 0 "$encode" --checkpoint pairs --data many.txt,targets.txt --out many.jsonl
expect 0 "$decode" $scored many.txt --codes many.jsonl
tail -20 output | cut -f 2- >last; cut -f 2- own | cmp - last

expect 2 "$decode" --checkpoint pairs --codes ten.jsonl
says "'ten.jsonl' holds the codes of 10 pairs, but there are 1000 sources in the run's test part"
expect 2 "$generate" --checkpoint pairs --label 1
says "--label means nothing to conditional_vae"
expect 2 "$generate" --checkpoint pairs --source sources.txt --seed 2
expect 2 "$evaluate" --checkpoint pairs --decodings 1
expect 2 "$train" $small --data sources.txt --steps 2
says "two files, a source and a target, not 1"
head -9 means.txt >short.txt
expect 3 "$train" $small --data sources.txt,short.txt --steps 2
says "has 9"
expect 2 "$train" $small --corpus moods --steps 2
expect 2 "$train" --model conditional_vae --joint-vocabulary --steps 2
expect 2 "$train" --model code_prior --codes-of pairs --steps 2
