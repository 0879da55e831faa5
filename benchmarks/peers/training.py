"""Trains a twin of an autoencoder to the end, by itself: it shuffles the images and draws the noise.

  benchmarks/model --mode export --out FOLDER --steps 469 --valid FILE ...   as many steps as a pass has
  python3 training.py FOLDER --epochs 10                     from FOLDER's weights on the images of its batches;
                                                             prints means of the steps, a JSON line at a time, and
                                                             those of the validation images

What it shares with Abax is the start, the images and the schedules: order and noise are other ones, so compare over
seeds. --samples K adds the importance-weighted bound (Burda et al. 2016, eq. 8) of the validation images, in nats.
"""
import argparse
import json
import math

import torch

from twin import Run, train_step
from vqvae import Codebook


def images_of(batches):
    """Without the rows that fill the last batch."""
    return torch.cat([batch['images'][batch['weights'] > 0] for batch in batches])


class Batches:
    """A model's batches of some images, with new noise."""

    def __init__(self, model, images):
        self.model, self.images = model, images

    def __call__(self, rows):
        batch = {'images': self.images[rows], 'weights': torch.ones(len(rows))}
        if hasattr(self.model, 'noise'):
            batch['noise'] = self.model.noise(len(rows))
        return batch


def perplexities(model, counts):
    """Adds the codes of the last batch to each codebook's counts; the exponential of their entropies, and the share of
    codes in use, as means over codebooks."""
    books = [module for module in model.modules() if isinstance(module, Codebook)]
    result, used = 0, 0
    for i, book in enumerate(books):
        count = torch.bincount(book.codes, minlength=len(book.book)).double()
        counts[i] = counts.get(i, 0) + count
        p = counts[i] / counts[i].sum()
        result += torch.exp(-torch.xlogy(p, p).sum()).item() / len(books)
        used += (p > 0).double().mean().item() / len(books)
    return {'code_perplexity': result, 'codes_used': used} if books else {}


class Means:
    def __init__(self):
        self.sums, self.count = {}, 0

    def add(self, values, count=1):
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0) + float(value) * count
        self.count += count

    def print(self, **first):
        print(json.dumps({**first, **{name: value / self.count for name, value in self.sums.items()}}), flush=True)


def means_of(metrics):
    return {name: values.mean() for name, values in metrics.items()}


def train(run, batches, options):
    optimiser, size, order = run.optimiser(), options.batch, []
    steps = options.steps or options.epochs * math.ceil(len(batches.images) / size)
    lr, temperature = run.training['lr'], run.training.get('temperature', 0)
    means = Means()
    for step in range(steps):
        if not order:
            order = list(torch.randperm(len(batches.images)).split(size))
        done = step / steps
        for group in optimiser.param_groups:
            group['lr'] = options.final_lr + (lr - options.final_lr) * (1 + math.cos(math.pi * done)) / 2 \
                if options.final_lr else lr
        if options.final_temperature:
            run.model.config['temperature'] = temperature * (options.final_temperature / temperature) ** done
        loss, _ = train_step(run, optimiser, batches(order.pop()), None)
        means.add({'loss': loss, **means_of(run.model.metrics), **perplexities(run.model, {})})
        if (step + 1) % options.every == 0:
            means.print(step=step + 1)
            means = Means()


@torch.no_grad()
def evaluate(run, batches, options):
    model, means, counts, last = run.model.eval(), Means(), {}, {}
    for rows in torch.arange(len(batches.images)).split(options.batch):
        batch = batches(rows)
        loss, count, _ = model(batch, None)
        values = {'loss': loss / count, **means_of(model.metrics)}
        last = perplexities(model, counts)
        if options.samples:
            weights = [model.log_weight(batch, model.noise(len(rows))) for _ in range(options.samples)]
            values['bound'] = (torch.logsumexp(torch.stack(weights), 0) - math.log(options.samples)).mean()
        means.add(values, len(rows))
    means.print(images=len(batches.images), **last)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder')
    parser.add_argument('--steps', type=int, default=0, help='instead of --epochs')
    parser.add_argument('--epochs', type=int, default=1)
    parser.add_argument('--batch', type=int, required=True)
    parser.add_argument('--every', type=int, default=100)
    parser.add_argument('--final-lr', type=float, default=0, help='along a cosine; 0: constant')
    parser.add_argument('--final-temperature', type=float, default=0, help='geometrically; 0: constant')
    parser.add_argument('--samples', type=int, default=0)
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    run = Run(options.folder)
    train(run, Batches(run.model, images_of(run.batches('batches'))), options)
    evaluate(run, Batches(run.model, images_of(run.batches('valid'))), options)


if __name__ == '__main__':
    main()
