"""Gaussian latents as models/latents/gaussian has them, and the VAE of images models/gaussian_vae, in PyTorch."""
import torch
import torch.nn as nn

from image_networks import Decoder, Encoder, log_likelihood, weighted


class GaussianModel(nn.Module):
    """Who inherits it has self.encoder with `mean` and `log_variance`, and gives features(batch) [batch, width] and
    likelihood(z, batch) [batch]."""

    def __init__(self, config):
        super().__init__()
        self.config = config

    def noise(self, count):
        return torch.randn(count, self.config['latents'])

    def draw(self, batch, noise):
        """A sample of the posterior, its mean and its log variance, [batch, latents]."""
        h = self.features(batch)
        mean, log_variance = self.encoder.mean(h), self.encoder.log_variance(h)
        return mean + torch.exp(0.5 * log_variance) * noise, mean, log_variance

    def forward(self, batch, state):
        """weights [batch], noise [batch, latents], and what its features and likelihood read."""
        z, mean, log_variance = self.draw(batch, batch['noise'])
        kl = 0.5 * (mean ** 2 + log_variance.exp() - log_variance - 1).sum(-1)
        weight = self.config['kl_weight'] if self.training else 1
        likelihood = self.likelihood(z, batch)
        self.metrics = {'reconstruction': -likelihood.detach(), 'kl': kl.detach()}
        return *weighted(weight * kl - likelihood, batch['weights']), state

    def log_weight(self, batch, noise):
        """log p(x, z) - log q(z|x) of each item, [batch]."""
        z, _, log_variance = self.draw(batch, noise)
        ratio = 0.5 * (noise ** 2 + log_variance - z ** 2).sum(-1)
        return self.likelihood(z, batch) + ratio


class GaussianVae(GaussianModel):
    def __init__(self, config):
        super().__init__(config)
        self.encoder = Encoder(config, {'mean': config['latents'], 'log_variance': config['latents']})
        self.decoder = Decoder(config, config['latents'])

    def features(self, batch):
        return self.encoder.features(batch['images'])

    def likelihood(self, z, batch):
        return log_likelihood(self.decoder(z, batch['images']), batch['images'], self.config)
