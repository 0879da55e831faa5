"""The Gaussian VAE of models/gaussian_vae in PyTorch."""
import torch
import torch.nn as nn

from image_networks import Decoder, Encoder, log_likelihood, weighted


class GaussianVae(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config, size = config, config['latents']
        self.encoder = Encoder(config, {'mean': size, 'log_variance': size})
        self.decoder = Decoder(config, size)

    def noise(self, count):
        return torch.randn(count, self.config['latents'])

    def draw(self, images, noise):
        """A sample of the posterior, its mean and its log variance, [batch, latents]."""
        h = self.encoder.features(images)
        mean, log_variance = self.encoder.mean(h), self.encoder.log_variance(h)
        return mean + torch.exp(0.5 * log_variance) * noise, mean, log_variance

    def forward(self, batch, state):
        """images [batch, height, width, channels], weights [batch], noise [batch, latents]."""
        images = batch['images']
        z, mean, log_variance = self.draw(images, batch['noise'])
        kl = 0.5 * (mean ** 2 + log_variance.exp() - log_variance - 1).sum(-1)
        weight = self.config['kl_weight'] if self.training else 1
        likelihood = log_likelihood(self.decoder(z, images), images, self.config)
        self.metrics = {'reconstruction': -likelihood.detach(), 'kl': kl.detach()}
        return *weighted(weight * kl - likelihood, batch['weights']), state

    def log_weight(self, images, noise):
        """log p(x, z) - log q(z|x) of each image, [batch]."""
        z, _, log_variance = self.draw(images, noise)
        ratio = 0.5 * (noise ** 2 + log_variance - z ** 2).sum(-1)
        return log_likelihood(self.decoder(z, images), images, self.config) + ratio
