#!/bin/sh
# Models of text as a shell sees them; see common.sh.
set -eu
. "$(dirname "$0")/common.sh"

expect 0 "$train" $tiny --steps 20 --out run
says "validation loss"
says "the source itself has"
says "train --resume run"
test -s run/metrics.jsonl
head -1 run/metrics.jsonl | grep -q '"simd"'
test "$(grep -c '"loss":' run/metrics.jsonl)" = 20
expect 0 "$generate" --checkpoint run --tokens 40 --prompt "The "
says "The "
expect 0 "$inspect" --checkpoint run
says "lstm0/recurrent_weight"
expect 0 "$readme" run/last
test "$(wc -c <output)" -ge 300
expect 0 "$train" --resume run --steps 25
expect 0 "$evaluate" --checkpoint run --json results.json
says "bits per character"
grep -q '"least_loss"' results.json
expect 2 "$generate" --checkpoint run --beam 2

expect 0 "$train" --model transformer_lm $tiny --heads 2 --layers 1 --steps 3 --out transformer
expect 0 "$generate" --checkpoint transformer --tokens 20

pairs="--model seq2seq --corpus questions --width 8 --heads 2 --layers 1 --threads 2"
expect 0 "$train" $pairs --steps 3 --best exact --patience 9 --out pairs
says "reference"
printf 'mary went to the hall . where is mary ?\n\njohn took the apple . who has the apple ?\n' >lines.txt
expect 0 "$generate" --checkpoint pairs --source lines.txt --beam 3 --n-best 2
test "$(wc -l <output)" = 6
expect 0 "$generate" --checkpoint pairs --source lines.txt --sample --temperature 0.5
test "$(wc -l <output)" = 3
printf 'hall\nhall\njohn\n' >answers.txt
expect 0 "$evaluate" --checkpoint pairs --data lines.txt,answers.txt --beam 2 --score scores.txt
says "bleu"
test "$(wc -l <scores.txt)" = 3
expect 2 "$generate" --checkpoint pairs
printf 'hall\n' >short.txt
expect 3 "$train" $pairs --steps 3 --data lines.txt,short.txt
says "3"; says "1"
expect 3 "$train" $pairs --steps 3 --length 5 --data lines.txt,answers.txt --valid lines.txt,answers.txt
says "lines.txt"
expect 2 "$train" $pairs --steps 3 --best blue

expect 0 "$train" --model classifier --width 8 --batch 8 --threads 2 --steps 3 --out classes
says "accuracy"
expect 0 "$evaluate" --checkpoint classes
expect 2 "$generate" --checkpoint classes
