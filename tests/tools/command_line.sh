#!/bin/sh
# The tools as a shell sees them:
# command_line.sh TRAIN GENERATE EVALUATE INSPECT ENCODE DECODE README_GENERATE.
set -eu
train=$(realpath "$1"); generate=$(realpath "$2"); evaluate=$(realpath "$3")
inspect=$(realpath "$4"); encode=$(realpath "$5"); decode=$(realpath "$6"); readme=$(realpath "$7")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# expect CODE COMMAND...: the command must exit with that code. Its output is left in ./output.
expect() {
  code=$1; shift
  actual=0
  "$@" >output 2>&1 || actual=$?
  if [ "$actual" != "$code" ]; then
    echo "exit code $actual instead of $code: $*"; cat output; exit 1
  fi
}
# says WORDS: the last output holds them.
says() { grep -qF -- "$1" output || { echo "the output lacks '$1':"; cat output; exit 1; }; }

tiny="--width 8 --batch 2 --length 8 --threads 2"
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
expect 0 "$train" $tiny --dry-run
says "FLOP"
expect 0 "$train" --config run/config.toml --steps 3 --out again
expect 2 "$train" $tiny --steps 3 --out again
says "holds a run already"

# Every model runs without files, and its checkpoint can be evaluated.
expect 0 "$evaluate" --checkpoint run --json results.json
says "bits per character"
grep -q '"least_loss"' results.json
expect 0 "$train" --model transformer_lm $tiny --heads 2 --layers 1 --steps 3 --warmup 1 --out transformer
expect 0 "$generate" --checkpoint transformer --tokens 20
pairs="--model seq2seq --corpus questions --width 8 --heads 2 --layers 1 --threads 2 --warmup 1"
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
expect 0 "$train" --model classifier --width 8 --batch 8 --threads 2 --steps 3 --out classes
says "accuracy"
expect 0 "$evaluate" --checkpoint classes
expect 2 "$generate" --checkpoint classes
expect 2 "$generate" --checkpoint run --beam 2
expect 2 "$generate" --checkpoint pairs
printf 'hall\n' >short.txt
expect 3 "$train" $pairs --steps 3 --data lines.txt,short.txt
says "3"; says "1"
expect 3 "$train" $pairs --steps 3 --length 5 --data lines.txt,answers.txt --valid lines.txt,answers.txt
says "lines.txt"
expect 2 "$train" $tiny --heads 2 --steps 3
says "lstm_lm"
expect 2 "$train" --preset char-smal --steps 3
says "char-small"
expect 2 "$train" $pairs --steps 3 --best blue


# Images: pictures, codes and back, and codes that are of another model.
for model in gaussian_vae categorical_vae; do
  expect 0 "$train" --model $model --hidden 16 --latents 3 --batch 500 --threads 2 --steps 3 --out $model
  says "nats an image"
  test -s $model/samples.png && test -s $model/reconstructions.png
  expect 0 "$evaluate" --checkpoint $model --samples 2 --json images.json
  says "iwae 2"
  says "mutual information"
  grep -q '"kl_per_latent":\[' images.json
  expect 0 "$generate" --checkpoint $model --out samples.png --count 5
  says "5 images"
  expect 0 "$generate" --checkpoint $model --out traversal.png --traverse 0,2 --image 4
  expect 0 "$generate" --checkpoint $model --out between.png --interpolate --image 0,1
  says "11 images"
  for kind in npy jsonl; do
    expect 0 "$encode" --checkpoint $model --out codes.$kind
    expect 0 "$decode" --checkpoint $model --codes codes.$kind --out $kind.npy
    says "1000 images"
  done
  cmp npy.npy jsonl.npy
done
expect 0 "$train" --model vqvae --network convolution --channels 4 --residual-channels 2 --codes 16 \
  --batch 100 --threads 2 --steps 2 --pictures-every 1 --out quantised
says "code_perplexity"
test -s quantised/samples-1.png
expect 0 "$evaluate" --checkpoint quantised
says "code usage"
says "aggregate entropy"
expect 2 "$evaluate" --checkpoint quantised --samples 2
expect 0 "$generate" --checkpoint quantised --out traversal.png --traverse 24 --image 4
expect 0 "$encode" --checkpoint quantised --out quantised.npy
expect 0 "$decode" --checkpoint quantised --codes quantised.npy --out images.png
expect 0 "$decode" --checkpoint categorical_vae --codes codes.jsonl --out images.png
for seed in 1 2; do
  expect 0 "$encode" --checkpoint categorical_vae --sampled --seed $seed --out sampled$seed.jsonl
done
expect 0 "$decode" --checkpoint categorical_vae --codes sampled1.jsonl --out images.png
expect 1 cmp sampled1.jsonl sampled2.jsonl
expect 1 cmp sampled1.jsonl codes.jsonl
expect 2 "$encode" --checkpoint quantised --sampled --out quantised.npy
says "no posterior distribution"
expect 0 "$encode" --checkpoint gaussian_vae --out first.npy --images images.idx
expect 0 "$encode" --checkpoint gaussian_vae --data images.idx --out second.npy
cmp first.npy second.npy
expect 4 "$decode" --checkpoint gaussian_vae --codes codes.jsonl --out images.png
says "another model"
expect 4 "$decode" --checkpoint gaussian_vae --codes codes.npy --out images.png
expect 2 "$decode" --checkpoint gaussian_vae --codes codes.npy --out images.txt
expect 2 "$encode" --checkpoint run --out codes.npy
says "no autoencoder"
expect 3 "$encode" --checkpoint gaussian_vae --data lines.txt --out codes.npy
says "lines.txt"
head -c 100 codes.npy >cut.npy
expect 3 "$decode" --checkpoint gaussian_vae --codes cut.npy --out images.png
says "byte 100"

# A prior over the codes of an autoencoder, which must stay what it was.
prior="--model code_prior --codes-of categorical_vae --width 8 --heads 2 --batch 100 --threads 2 --warmup 1"
expect 0 "$train" $prior --steps 3 --out prior
says "uniform codes have 2.30259 nats"
test -s prior/samples.png
expect 0 "$train" --resume prior --pictures-every 1 --steps 4
expect 0 "$train" --resume prior --steps 5
expect 0 "$evaluate" --checkpoint prior
expect 0 "$generate" --checkpoint prior --out labels.png --label 1,3 --count 4
says "8 images"
expect 2 "$generate" --checkpoint prior --out labels.png --label 99
expect 0 "$train" $prior --sampled-codes --steps 3 --out sampled
says "sampled codes of categorical_vae"
expect 2 "$train" $prior --codes-of quantised --sampled-codes --steps 3
says "no posterior distribution"
expect 2 "$train" --sampled-codes
says "--codes-of"
expect 2 "$train" --model code_prior --codes-of gaussian_vae --steps 3 --warmup 1
says "real numbers"
expect 2 "$train" --model code_prior --steps 3 --warmup 1
says "--codes-of"
expect 4 "$generate" --checkpoint prior --codes-of gaussian_vae --out labels.png
says "another one"
expect 2 "$generate" --checkpoint gaussian_vae --out x.png --traverse 3
expect 2 "$generate" --checkpoint gaussian_vae --out x.png --interpolate --image 0
expect 2 "$generate" --checkpoint gaussian_vae
expect 2 "$generate" --checkpoint run --out x.png

expect 2 "$train" --stpes 5
says "did you mean '--steps'?"
expect 2 "$train" --steps five
expect 2 "$train" --momentum 0.9 --steps 5
expect 0 "$train" $tiny --optimiser sgd --momentum 0.9 --lr 0.1 --steps 5 --out momentum
expect 2 "$train" --resume run --width 9
expect 2 "$train" --model lstm_ml --steps 5
says "did you mean 'lstm_lm'?"
expect 2 "$generate"
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

# A signal: the step is finished and saved, and the run can go on.
for signal in INT:130 TERM:143; do
  "$train" $tiny --steps 1000000 --eval-every 1000000 --out "stopped" >output 2>&1 &
  process=$!
  for _ in $(seq 100); do
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
