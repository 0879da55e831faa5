#!/bin/sh
# Options, configurations, wrong files and what the exit codes say of them; see common.sh.
set -eu
. "$(dirname "$0")/common.sh"

expect 0 "$train" $tiny --steps 3 --out run
expect 0 "$train" $tiny --dry-run
says "FLOP"
says "steps a second, as just measured"
# What does not fit is told, not tried.
expect 0 "$train" --batch 1000000 --length 1000 --dry-run
says "not measured"
expect 0 "$train" --config run/config.toml --steps 3 --out again
expect 2 "$train" $tiny --steps 3 --out again
says "holds a run already"
expect 0 "$train" $tiny --optimiser sgd --momentum 0.9 --lr 0.1 --steps 5 --out momentum

# A shell's variable that is not set names no file: no other run begins, no other data is taken.
for option in resume data out config init-from; do
  expect 2 "$train" --$option ""
  says "not an empty name"
done
expect 2 "$train" $tiny --steps 3 --out run/last/inner
says "is a checkpoint, which its run replaces"
expect 2 "$train" --stpes 5
says "did you mean '--steps'?"
expect 2 "$train" --steps five
expect 2 "$train" --momentum 0.9 --steps 5
says "it is read with --optimiser sgd"
expect 2 "$train" --model vqvae --beta 4
says "it is read with --model gaussian_vae"
expect 2 "$train" --model vqvae --quantiser finite --codes 9
expect 2 "$train" --model vqvae --network dense --channels 9
expect 2 "$train" --model vqvae --tokens words
expect 2 "$train" --model vqvae --quantiser residual
says "is now --quantiser nearest --stages N"
expect 2 "$train" $tiny --heads 2 --steps 3
says "lstm_lm"
expect 2 "$train" --preset char-smal --steps 3
says "char-small"
expect 2 "$train" --resume run --width 9
says "this run has 8"
expect 0 "$train" --resume run --steps 4 --threads 1 --patience 3 --lr 0.001
expect 2 "$train" --model lstm_ml --steps 5
says "did you mean 'lstm_lm'?"
expect 2 "$generate"
says "--checkpoint FOLDER"

# A run that began with another's weights goes on.
expect 0 "$train" $tiny --steps 3 --init-from run --out begun
expect 0 "$train" --resume begun --steps 5

# Help: of a model, of a choice, of a run. What a preset says and nothing reads is noted.
expect 0 "$train" --model classifier --help
says "--pooling last|mean"
if grep -q -- "--beta X" output; then echo "help of another model"; cat output; exit 1; fi
expect 0 "$train" --presets
says "reaches"
expect 0 "$train" --model gaussian_vae --pixels autoregressive --help
says "--width N"
expect 0 "$generate" --help
says "--prompt TEXT"; says "--traverse N"
expect 0 "$evaluate" --help
says "--beam N"; says "--samples N"
if [ "$(grep -c -- "^  --json" output)" != 1 ]; then echo "an option twice"; cat output; exit 1; fi
expect 0 "$encode" --help
says "then also --seed"
expect 0 "$generate" --checkpoint run --help
says "--prompt TEXT"
if grep -q -- "--traverse" output; then echo "help of another task"; cat output; exit 1; fi
expect 0 "$train" --preset char-small --positions rotary --memory 4 --windows streams --dump-config
printf 'momentum = 0.5\n' >unread.toml
expect 0 "$train" $tiny --config unread.toml --steps 2 --out noted
says "left out: momentum"
printf 'stpes = 5\n' >wrong.toml
expect 2 "$train" --config wrong.toml
says "wrong.toml:1: 'stpes' is no key of a configuration file; did you mean 'steps'?"

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
