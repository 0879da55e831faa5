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
expect 0 "$train" --resume run --steps 25
expect 0 "$evaluate" --checkpoint run --json results.json
says "bits per character"
grep -q '"least_loss"' results.json
expect 2 "$generate" --checkpoint run --beam 2
says "--beam means nothing to lstm_lm, with which generate takes --prompt"

# Several texts, each from the prompt; the first is that of a single one.
few="--checkpoint run --prompt The --seed 3"
expect 0 "$generate" $few --tokens 0 --samples 3
printf 'The\nThe\nThe\n' | cmp - output
expect 0 "$generate" $few --tokens 80; mv output whole
expect 0 "$generate" $few --tokens 80 --samples 3; mv output several
head -c "$(wc -c <whole)" several | cmp - whole
test "$(wc -c <several)" -gt "$((2 * $(wc -c <whole)))"
tail -c +"$(($(wc -c <whole) + 1))" several | grep -q "^The"
# A text ends before the first of the strings, one that is found piece by piece too.
rest=$(tail -c +4 whole)
expect 0 "$generate" $few --tokens 80 --stop "e,a,o"
printf 'The%s\n' "${rest%%[eao]*}" | cmp - output
long=$(printf %s "$rest" | grep -o '[a-z ]\{5\}' | tail -n 1)
expect 0 "$generate" $few --tokens 80 --stop "$long"
printf 'The%s\n' "${rest%%"$long"*}" | cmp - output
expect 0 "$generate" $few --tokens 80 --stop "no such words"
cmp whole output

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
says "chrf"
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
says "there is nothing to generate with it, as there is with lstm_lm"

# The class of each line, with its probability; a line without words has none.
printf 'it is good .\n\nit is not good .\n' >sentences.txt
expect 0 "$predict" --checkpoint classes --source sentences.txt
test "$(wc -l <output)" = 3
test "$(sed -n 2p output)" = ""
awk -F '\t' 'NR != 2 && !(NF == 2 && $1 != "" && $2 >= 0.2 && $2 <= 1) { exit 1 }' output
mv output classes.txt
gzip -k sentences.txt
expect 0 "$predict" --checkpoint classes --source sentences.txt.gz --threads 1
cmp classes.txt output
expect 2 "$predict" --checkpoint classes
says "--source FILE"
expect 3 "$predict" --checkpoint classes --source absent.txt
expect 2 "$predict" --checkpoint run --source sentences.txt
says "there is nothing to predict with it, as there is with classifier"
