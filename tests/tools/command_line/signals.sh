#!/bin/sh
# A signal: the step is finished and saved, and the run can go on; see common.sh.
set -eu
. "$(dirname "$0")/common.sh"

for signal in INT:130 TERM:143; do
  "$train" $tiny --steps 1000000 --eval-every 1000000 --out stopped >output 2>&1 &
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
