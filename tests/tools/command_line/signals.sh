#!/bin/sh
# A signal: the step is finished and saved, and the run can go on; likewise where nobody reads any
# more. A kill, too, leaves what can be gone on with; see common.sh.
set -eu
. "$(dirname "$0")/common.sh"

for signal in INT:130 TERM:143 HUP:129; do
  # Whoever runs the tests may ignore a hang-up, as nohup does; then so would the tool.
  env --default-signal=HUP "$train" $tiny --steps 1000000 --eval-every 1000000 --out stopped >output 2>&1 &
  process=$!
  for _ in $(seq 300); do
    if grep -qs '"step":3' stopped/metrics.jsonl; then break; fi
    sleep 0.1
  done
  kill -"${signal%:*}" "$process"
  actual=0; wait "$process" || actual=$?
  if [ "$actual" != "${signal#*:}" ]; then echo "signal $signal gave $actual"; cat output; exit 1; fi
  says "train --resume stopped"
  expect 0 "$inspect" --checkpoint stopped
  rm -r stopped
done

# until_step N RUN: waits until metrics tell of that step.
until_step() {
  for _ in $(seq 300); do
    if grep -qs "^{\"step\":$1,.*}" "$2/metrics.jsonl"; then return; fi
    sleep 0.1
  done
  echo "no step $1 in $2"; exit 1
}

# A closed pipe: quietly, with the run saved.
mkfifo pipe
(head -n 1 >/dev/null) <pipe &
actual=0; "$train" $tiny --steps 1000000 --eval-every 5 --out piped >pipe 2>errors || actual=$?
[ "$actual" = 141 ] || { echo "a closed pipe gave $actual"; cat errors; exit 1; }
[ ! -s errors ] || { echo "a closed pipe said:"; cat errors; exit 1; }
expect 0 "$inspect" --checkpoint piped

# Killed at once: the first checkpoint is that of the start.
expect 0 "$train" $tiny --steps 5000 --out whole
"$train" $tiny --steps 5000 --eval-every 1000 --out killed >output 2>&1 &
process=$!
until_step 1 killed
kill -KILL "$process"; wait "$process" 2>/dev/null || true
expect 2 "$train" $tiny --steps 5000 --out killed
says "holds a run already"
expect 0 "$train" --resume killed
cmp whole/last/variables.safetensors killed/last/variables.safetensors

# One process a folder; the lock is gone with its owner.
"$train" $tiny --steps 1000000 --eval-every 1000000 --out busy >output 2>&1 &
process=$!
until_step 3 busy
expect 2 "$train" --resume busy
says "busy is in use"
expect 2 "$train" $tiny --out busy
kill -KILL "$process"; wait "$process" 2>/dev/null || true
expect 0 "$train" --resume busy --steps "$("$inspect" --checkpoint busy | awk '$1 == "step" { print $2 + 1 }')"

# Two runs without a name at once.
"$train" $tiny --steps 3 >first 2>&1 & one=$!
"$train" $tiny --steps 3 >second 2>&1 & two=$!
wait "$one"; wait "$two"
test -d runs/lstm_lm-1/last && test -d runs/lstm_lm-2/last
