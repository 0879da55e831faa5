#!/bin/sh
# Options, configurations, wrong files and what the exit codes say of them; see common.sh.
set -eu
. "$(dirname "$0")/common.sh"

expect 0 "$train" $tiny --steps 3 --out run
expect 0 "$train" $tiny --dry-run
says "FLOP"
expect 0 "$train" --config run/config.toml --steps 3 --out again
expect 2 "$train" $tiny --steps 3 --out again
says "holds a run already"
expect 0 "$train" $tiny --optimiser sgd --momentum 0.9 --lr 0.1 --steps 5 --out momentum

expect 2 "$train" --stpes 5
says "did you mean '--steps'?"
expect 2 "$train" --steps five
expect 2 "$train" --momentum 0.9 --steps 5
expect 2 "$train" $tiny --heads 2 --steps 3
says "lstm_lm"
expect 2 "$train" --preset char-smal --steps 3
says "char-small"
expect 2 "$train" --resume run --width 9
expect 2 "$train" --model lstm_ml --steps 5
says "did you mean 'lstm_lm'?"
expect 2 "$generate"
says "--checkpoint FOLDER"

expect 3 "$train" --data absent.txt
printf 'good text\n\377\376' >bad.txt
expect 3 "$train" --data bad.txt
says "bad.txt"
expect 4 "$generate" --checkpoint absent
cp -r run damaged
for which in last best; do printf x >>damaged/$which/variables.safetensors; done
expect 4 "$generate" --checkpoint damaged
expect 4 "$train" --resume damaged
expect 5 "$train" $tiny --steps 500 --optimiser sgd --clip 0 --lr 1e30 --out diverged
: >file
expect 7 "$train" $tiny --steps 2 --out file/run
