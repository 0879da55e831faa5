#!/bin/sh
# Images: pictures, codes and back, and codes that are of another model; see common.sh.
set -eu
. "$(dirname "$0")/common.sh"

for model in gaussian_vae categorical_vae; do
  expect 0 "$train" --model $model --hidden 16 --latents 3 --batch 500 --threads 2 --steps 3 --out $model
  says "nats an image"
  test -s $model/samples.png && test -s $model/reconstructions.png
  expect 0 "$evaluate" --checkpoint $model --samples 2 --json images.json
  says "iwae samples            2"
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
expect 2 "$generate" --checkpoint gaussian_vae --out x.png --traverse 3
expect 2 "$generate" --checkpoint gaussian_vae --out x.png --interpolate --image 0
expect 2 "$generate" --checkpoint gaussian_vae

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

expect 0 "$encode" --checkpoint gaussian_vae --out first.npy --images images.idx
expect 0 "$encode" --checkpoint gaussian_vae --data images.idx --out second.npy
cmp first.npy second.npy
# codes.npy and codes.jsonl are the categorical model's.
expect 0 "$decode" --checkpoint categorical_vae --codes codes.jsonl --out images.png
for seed in 1 2; do
  expect 0 "$encode" --checkpoint categorical_vae --sampled --seed $seed --out sampled$seed.jsonl
done
expect 0 "$decode" --checkpoint categorical_vae --codes sampled1.jsonl --out images.png
expect 1 cmp sampled1.jsonl sampled2.jsonl
expect 1 cmp sampled1.jsonl codes.jsonl
expect 2 "$encode" --checkpoint categorical_vae --seed 2 --out codes2.jsonl
expect 2 "$encode" --checkpoint quantised --sampled --out quantised.npy
says "no posterior distribution"
expect 4 "$decode" --checkpoint gaussian_vae --codes codes.jsonl --out images.png
says "another model"
expect 4 "$decode" --checkpoint gaussian_vae --codes codes.npy --out images.png
expect 2 "$decode" --checkpoint gaussian_vae --codes codes.npy --out images.txt
expect 2 "$decode" --checkpoint gaussian_vae
says "--codes FILE"
head -c 100 codes.npy >cut.npy
expect 3 "$decode" --checkpoint gaussian_vae --codes cut.npy --out images.png
says "byte 100"
echo 'no image' >lines.txt
expect 3 "$encode" --checkpoint gaussian_vae --data lines.txt --out codes.npy
says "lines.txt"
expect 0 "$train" $tiny --steps 2 --out text
expect 2 "$encode" --checkpoint text --out codes.npy
says "there is nothing to encode with it, as there is with gaussian_vae"
expect 2 "$generate" --checkpoint text --out x.png
says "--out means nothing to lstm_lm"
