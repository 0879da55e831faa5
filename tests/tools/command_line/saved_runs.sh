#!/bin/sh
# Runs that an earlier version saved go on, evaluate and generate as they did then, to the bit; see common.sh.
# Each folder of tests/saved_runs holds such a run and, in `said`, what the version that made it said of it. With
# RECORD set to an absolute path, what this version says is written there instead of being compared.
set -eu
runs=$(realpath "$(dirname "$0")/../../saved_runs")
. "$(dirname "$0")/common.sh"
export ABAX_SIMD=sse2  # every machine has it; the last digits depend on it

# A line a member of a JSON object.
members() { sed 's/^{//; s/}$//; s/,"/\n"/g' "$1"; }
# The losses of metrics.jsonl, each with its step.
losses() { sed -n 's/^{\("step":[0-9]*\),.*\("[a-z_]*loss":[^,}]*\).*/\1 \2/p' "$1"; }

# say RUN: fills RUN/said by what any run can do.
say() {
  cp -r "$runs/$1/run" "$1"
  mkdir "$1/said"
  expect 0 "$evaluate" --checkpoint "$1" --json results.json
  members results.json >"$1/said/evaluation.txt"
}
# resume RUN: it goes on; last, as it may make a better checkpoint.
resume() {
  expect 0 "$train" --resume "$1" --steps 30
  losses "$1/metrics.jsonl" >"$1/said/losses.txt"
}
# compare RUN: every line that was said is said still. More of them, such as a new metric, are welcome.
compare() {
  if [ -n "${RECORD:-}" ]; then
    mkdir -p "$RECORD/$1"; cp -r "$1/said" "$RECORD/$1"; return
  fi
  for file in "$runs/$1"/said/*; do
    status=0
    diff -a "$file" "$1/said/$(basename "$file")" >output 2>&1 || status=$?
    if [ $status -gt 1 ] || grep -aq '^<' output; then
      echo "$1: $(basename "$file") is not what it was (<):"; cat output; exit 1
    fi
  done
}

say lstm_lm
expect 0 "$generate" --checkpoint lstm_lm --prompt "The " --tokens 100 --temperature 0.9 --seed 3
cp output lstm_lm/said/text.txt
resume lstm_lm
compare lstm_lm

say seq2seq
expect 0 "$generate" --checkpoint seq2seq --source "$runs/seq2seq/lines.txt" --beam 2 --n-best 2
cp output seq2seq/said/text.txt
expect 0 "$generate" --checkpoint seq2seq --source "$runs/seq2seq/lines.txt" --sample --seed 3
cat output >>seq2seq/said/text.txt
resume seq2seq
compare seq2seq

say vqvae
expect 0 "$encode" --checkpoint vqvae --out codes.jsonl
head -4 codes.jsonl >vqvae/said/codes.jsonl
cksum <codes.jsonl >vqvae/said/sums.txt
# Codes that were written then are still this model's.
if [ -n "${RECORD:-}" ]; then old=vqvae; else old=$runs/vqvae; fi
expect 0 "$decode" --checkpoint vqvae --codes "$old/said/codes.jsonl" --out images.npy
cksum <images.npy >>vqvae/said/sums.txt
resume vqvae
compare vqvae
