"""Categorical latents as models/latents/categorical has them, and the VAE of images models/categorical_vae, in PyTorch.
Posterior and prior choose variable after variable."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

import layers
from image_networks import Conditional, Decoder, Encoder, hidden_sizes, log_likelihood, pixel_count, weighted


class CategoricalEncoder(Encoder):
    def __init__(self, config):
        super().__init__(config, {'logits': config['latents'] * config['categories']})
        if config['posterior'] == 'autoregressive':
            self.conditional = Conditional(config['latents'], config['categories'], config['categories'],
                                           layers.Linear(hidden_sizes(config)[-1], config['width']), config['width'])


class Prior(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(config['latents'], config['categories']))
        if config['prior'] == 'autoregressive':
            self.conditional = Conditional(config['latents'], config['categories'], config['categories'],
                                           nn.Parameter(torch.zeros(config['width'])), config['width'])

    def views(self):
        yield '/logits', self.logits


class Baseline(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.hidden, self.output = layers.Linear(size, 100), layers.Linear(100, 1)

    def forward(self, items):
        return self.output(torch.tanh(self.hidden(items.flatten(1))))[:, 0]


class CategoricalModel(nn.Module):
    """Who inherits it has self.encoder with `logits` and, where the posterior is autoregressive, `conditional`; and gives
    features(batch) [batch, width], likelihood(z, batch) [samples, batch] and items(batch) [batch, ..], of `size` numbers,
    which a baseline reads."""

    def __init__(self, config, size):
        super().__init__()
        self.config, self.estimator = config, config['estimator']
        self.latents, self.categories = config['latents'], config['categories']
        if config['prior'] != 'uniform':
            self.prior = Prior(config)
        if self.estimator == 'nvil':
            self.baseline, self.centre = Baseline(size), 0.

    def noise(self, count):
        """Of the Gumbel distribution, [samples, count, latents, categories]."""
        samples = self.config['samples'] if self.training else 1
        return -torch.empty(samples, count, self.latents, self.categories).exponential_().log()

    def sample(self, logits, noise):
        """[.., categories]."""
        hard = F.one_hot((logits + noise).argmax(-1), self.categories).float()
        if not self.training:
            return hard
        temperature = self.config['temperature']
        if self.estimator in ('gumbel', 'straight-through'):
            soft = torch.softmax((logits + noise) / temperature, -1)
            return soft if self.estimator == 'gumbel' else hard + soft - soft.detach()
        if self.estimator == 'reinmax':
            return reinmax(logits, hard, temperature)
        return hard

    def draw(self, batch, noise):
        """Values and their logits, [samples, batch, latents, categories]."""
        h = self.features(batch)
        base = self.encoder.logits(h).unflatten(-1, (self.latents, self.categories))
        if self.config['posterior'] == 'independent':
            z = self.sample(base, noise)
            return z, base.expand_as(z)
        conditional, chosen, used = self.encoder.conditional, [], []
        hidden = conditional.hidden(h)
        for k in range(self.latents):
            before = torch.stack(chosen, -2) if chosen else None
            logits = (base[:, k] + conditional.logits(k, hidden, before)).expand_as(noise[:, :, k])
            used.append(logits)
            chosen.append(self.sample(logits, noise[:, :, k]))
        return torch.stack(chosen, -2), torch.stack(used, -2)

    def prior_logits(self, z):
        if self.config['prior'] == 'uniform':
            return torch.zeros_like(z)
        if self.config['prior'] == 'learned':
            return self.prior.logits.expand_as(z)
        conditional = self.prior.conditional
        return torch.stack([(self.prior.logits[k] + conditional.logits(k, conditional.hidden, z)).expand_as(z[..., k, :])
                            for k in range(self.latents)], -2)

    def forward(self, batch, state):
        """weights [batch], noise [samples, batch, latents, categories], and what its features and likelihood read."""
        weights = batch['weights']
        z, q_logits = self.draw(batch, batch['noise'])
        log_q_all, log_p_all = torch.log_softmax(q_logits, -1), torch.log_softmax(self.prior_logits(z), -1)
        kl = (log_q_all.exp() * (log_q_all - log_p_all)).sum((-2, -1))
        likelihood = self.likelihood(z.flatten(-2), batch)
        weight = self.config['kl_weight'] if self.training else 1
        f = likelihood - weight * kl  # [samples, batch]
        self.metrics = {'reconstruction': -likelihood.detach(), 'kl': kl.detach()}
        if not self.training or self.estimator in ('gumbel', 'straight-through', 'reinmax'):
            return *weighted(-f.mean(0), weights), state
        log_q, log_p = ((z * x).sum((-2, -1)) for x in (log_q_all, log_p_all))
        if self.estimator == 'rloo':
            signal = f.double() * len(f) / (len(f) - 1)
            objective = scored(f, (signal - signal.mean(0)).float(), log_q).mean(0)
        elif self.estimator == 'vimco':
            objective = vimco(likelihood + weight * (log_p - log_q), log_q)
        else:
            network = self.baseline(self.items(batch))
            error = f.mean(0).detach() - self.centre - network
            objective = scored(f, f - network - self.centre, log_q).mean(0) - without_value(error ** 2)
            self.centre += 0.2 * ((error * weights).sum() / weights.sum()).item()
        return *weighted(-objective, weights), state

    def log_weight(self, batch, noise):
        """log p(x, z) - log q(z|x) of each item, [batch], with one hard sample."""
        z, q_logits = self.draw(batch, noise)
        log_q, log_p = torch.log_softmax(q_logits, -1), torch.log_softmax(self.prior_logits(z), -1)
        return (self.likelihood(z.flatten(-2), batch) + (z * (log_p - log_q)).sum((-2, -1)))[0]


class CategoricalVae(CategoricalModel):
    def __init__(self, config):
        super().__init__(config, pixel_count(config))
        self.encoder = CategoricalEncoder(config)
        self.decoder = Decoder(config, self.latents * self.categories)

    def features(self, batch):
        return self.encoder.features(batch['images'])

    def items(self, batch):
        return batch['images']

    def likelihood(self, z, batch):
        return log_likelihood(self.decoder(z, batch['images']), batch['images'], self.config)


def without_value(x):
    return x - x.detach()


def scored(f, signal, log_q):
    return f + without_value(signal.detach() * log_q)


def vimco(log_weight, log_q):
    """In double, since what tells the weights apart is little beside what they have in common."""
    samples, log_weight = len(log_weight), log_weight.double()
    bound = torch.logsumexp(log_weight, 0) - math.log(samples)
    terms = []
    for i in range(samples):
        others = torch.cat((log_weight[:i], log_weight[i + 1:]))
        all_but_one = torch.cat((others, others.mean(0, keepdim=True)))
        baseline = torch.logsumexp(all_but_one, 0) - math.log(samples)
        terms.append((bound - baseline).detach() * log_q[i])
    return (bound + without_value(sum(terms))).float()


class ReinMax(torch.autograd.Function):
    """With its gradient written out, as in the authors' program."""

    @staticmethod
    def forward(context, logits, hard, temperature):
        context.save_for_backward(logits, hard)
        context.temperature = temperature
        return hard.clone()

    @staticmethod
    def backward(context, gradient):
        logits, hard = context.saved_tensors
        plain = torch.softmax(logits, -1)
        between = 0.5 * (torch.softmax(logits / context.temperature, -1) + hard)
        first, second = 2 * gradient * between, -0.5 * gradient * plain
        first = first - between * first.sum(-1, keepdim=True)
        second = second - plain * second.sum(-1, keepdim=True)
        return first + second, None, None


def reinmax(logits, hard, temperature):
    return ReinMax.apply(logits.expand_as(hard), hard, temperature)
