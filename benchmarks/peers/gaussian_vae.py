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

    def forward(self, batch, state):
        """images [batch, height, width, channels], weights [batch], noise [batch, latents]."""
        images = batch['images']
        h = self.encoder.features(images)
        mean, log_variance = self.encoder.mean(h), self.encoder.log_variance(h)
        z = mean + torch.exp(0.5 * log_variance) * batch['noise']
        kl = 0.5 * (mean ** 2 + log_variance.exp() - log_variance - 1).sum(-1)
        weight = self.config['kl_weight'] if self.training else 1
        loss = weight * kl - log_likelihood(self.decoder(z, images), images, self.config)
        return *weighted(loss, batch['weights']), state
