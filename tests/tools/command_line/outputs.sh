#!/bin/sh
# What the tools write, and where: standard output, devices, links, broken models; see common.sh.
set -eu
. "$(dirname "$0")/common.sh"

# full COMMAND...: standard output takes nothing: exit 7, with a message.
full() {
  actual=0
  "$@" >/dev/full 2>output || actual=$?
  [ "$actual" = 7 ] || { echo "exit code $actual instead of 7: $*"; cat output; exit 1; }
  says "cannot write to standard output: No space left on device"
}
expect 0 "$train" $tiny --steps 3 --out run
for tool in "$train" "$generate" "$evaluate" "$inspect" "$encode" "$decode" "$predict"; do
  full "$tool" --help
  full "$tool" --version
done
full "$train" --dump-config
full "$train" $tiny --dry-run
full "$train" $tiny --steps 3 --out unseen
expect 0 "$inspect" --checkpoint unseen  # trained to its end all the same
full "$generate" --checkpoint run --tokens 1000000000  # and at once
full "$evaluate" --checkpoint run
full "$inspect" --checkpoint run
"$generate" --checkpoint run --tokens 100000 2>errors | head -c 10 >/dev/null
[ ! -s errors ] || { cat errors; exit 1; }

# Results go through links and into what is no file, and never in their place.
printf 'the fox\nthe crow\n' >lines.txt
ln -s real.json link.json
expect 0 "$evaluate" --checkpoint run --json link.json
test -L link.json && test -s real.json
mkfifo scores
cat scores >scored & reader=$!
expect 0 "$evaluate" --checkpoint run --data lines.txt --score scores
wait "$reader"
test -p scores && test "$(wc -l <scored)" = 2
"$evaluate" --checkpoint run --json /dev/stdout >both
head -1 both | grep -q "^tokens" && tail -1 both | grep -q '^{.*}$'
"$evaluate" --checkpoint run --json /dev/stdout | tail -1 | grep -q '^{.*}$'
ln -s /dev/full full.json
expect 7 "$evaluate" --checkpoint run --json full.json
test -L full.json && test -c /dev/full
# What cannot be written is told before the work.
for option in json score; do
  expect 7 "$evaluate" --checkpoint run --$option none/x
  says "none/x"
  if grep -q perplexity output; then echo "evaluated before"; cat output; exit 1; fi
done

expect 0 "$train" --model gaussian_vae --hidden 8 --latents 2 --batch 100 --threads 2 --steps 2 --out images
# Before data or codes are read, which are not there.
expect 7 "$encode" --checkpoint images --data absent.idx --out none/x.npy
expect 2 "$encode" --checkpoint images --data absent.idx --out codes.bin
expect 7 "$decode" --checkpoint images --codes absent.npy --out none/x.png
expect 7 "$generate" --checkpoint images --out none/x.png
ln -s real.npy link.npy
expect 0 "$encode" --checkpoint images --out link.npy
test -L link.npy && test -s real.npy
"$evaluate" --checkpoint images >table
grep -q '^images  *1000$' table

# A line's log-probability, of models that carry a state from batch to batch too.
expect 0 "$evaluate" --checkpoint run --data lines.txt --score scores.txt
test "$(wc -l <scores.txt)" = 2
"$generate" --checkpoint run --tokens 200 >text.txt  # of several windows a line, of lines, of a batch
expect 0 "$evaluate" --checkpoint run --data text.txt --score scores.txt
expect 0 "$train" --model transformer_lm $tiny --heads 2 --positions rotary --windows streams --memory 8 --steps 3 --out remembers
expect 0 "$evaluate" --checkpoint remembers --data text.txt --score scores.txt
expect 0 "$train" --model vqvae --hidden 8 --codes 4 --batch 100 --threads 2 --steps 2 --out quantised
says " a pixel"
expect 2 "$evaluate" --checkpoint quantised --score scores.txt
says "no log-probability"

# Weights that are no numbers give an error, no results.
broken="--width 8 --layers 1 --threads 2 --optimiser sgd --clip 0 --lr 1e38 --weight-decay 1e9 --save-every 1 --steps 9"
expect 5 "$train" $broken --batch 2 --length 8 --out nan
expect 5 "$evaluate" --checkpoint nan
says "weights are broken"
expect 5 "$generate" --checkpoint nan
expect 5 "$generate" --checkpoint nan --top-p 0.9
expect 5 "$train" $broken --model seq2seq --heads 2 --corpus questions --out nan-pairs
expect 5 "$evaluate" --checkpoint nan-pairs --data lines.txt,lines.txt
for search in "--beam 1" "--beam 3" --sample; do
  expect 5 "$generate" --checkpoint nan-pairs --source lines.txt $search
done

# An export holds the model alone, and does what the run's best checkpoint does.
expect 0 "$train" $tiny --steps 9 --average 0.9 --eval-every 3 --out averaged
expect 0 "$inspect" --checkpoint averaged --export small
says "exported to small"
test "$(wc -c <small/variables.safetensors)" -lt "$(($(wc -c <averaged/best/variables.safetensors) / 3))"
expect 0 "$inspect" --checkpoint small
if grep -qE "optimiser|average|carried" output; then echo "more than the model"; cat output; exit 1; fi
for checkpoint in averaged small; do
  expect 0 "$evaluate" --checkpoint $checkpoint; mv output $checkpoint.table
  expect 0 "$generate" --checkpoint $checkpoint --tokens 50; mv output $checkpoint.text
done
cmp averaged.table small.table && cmp averaged.text small.text
expect 0 "$train" $tiny --steps 2 --init-from small --out begun
expect 2 "$train" --resume small
expect 2 "$inspect" --checkpoint averaged --export averaged/last
says "exists"
expect 0 "$inspect" --checkpoint quantised --export codes
expect 0 "$evaluate" --checkpoint quantised; mv output quantised.table
expect 0 "$evaluate" --checkpoint codes; cmp quantised.table output
# A rehearsal leaves nothing behind, and says how fast it was.
mkdir empty
(cd empty && "$train" --model gaussian_vae --hidden 8 --batch 100 --dry-run >../output)
says "steps a second, as just measured"
test -z "$(ls -A empty)"
