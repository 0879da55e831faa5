#!/bin/sh
# A prior over the codes of an autoencoder, which must stay what it was; see common.sh.
set -eu
. "$(dirname "$0")/common.sh"

for model in gaussian_vae categorical_vae; do
  expect 0 "$train" --model $model --hidden 16 --latents 3 --batch 500 --threads 2 --steps 3 --out $model
done
expect 0 "$train" --model vqvae --hidden 16 --codes 8 --batch 500 --threads 2 --steps 3 --out vqvae
prior="--model code_prior --width 8 --heads 2 --batch 100 --threads 2 --steps 3"
expect 0 "$train" $prior --codes-of categorical_vae --out prior
says "uniform codes have 2.30259 nats"
test -s prior/samples.png
expect 0 "$train" --resume prior --pictures-every 1 --steps 4
expect 0 "$train" --resume prior --steps 5
expect 0 "$evaluate" --checkpoint prior
expect 0 "$generate" --checkpoint prior --out labels.png --label 1,3 --count 4
says "8 images"
expect 2 "$generate" --checkpoint prior --out labels.png --label 99
expect 0 "$train" $prior --codes-of categorical_vae --sampled-codes --out sampled
says "sampled codes of categorical_vae"
expect 2 "$train" $prior --codes-of vqvae --sampled-codes
says "no posterior distribution"
expect 2 "$train" --sampled-codes
says "code_prior"
expect 2 "$train" $prior --codes-of gaussian_vae
says "real numbers"
expect 2 "$train" $prior
says "--codes-of"
expect 4 "$generate" --checkpoint prior --codes-of gaussian_vae --out labels.png
says "another one"
