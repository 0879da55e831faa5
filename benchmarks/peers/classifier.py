"""The classifier of models/classifier in PyTorch: an encoder, its values pooled over the sequence, a projection."""
import torch
import torch.nn as nn
import torch.nn.functional as F

import encoders
import layers


class Classifier(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.transformer = config['blocks'] == 'transformer'
        kind = encoders.TransformerEncoder if self.transformer else encoders.RecurrentEncoder
        self.encoder = kind(config, config['vocabulary'])
        self.output = layers.Linear(config['width'], config['classes'])

    def forward(self, batch, state):
        """tokens [length, batch], labels [batch]; gives the summed loss, the counted labels and no state."""
        tokens, lengths = batch['tokens'], batch['lengths'].clamp(min=1)
        if self.transformer:
            y, _ = self.encoder(tokens.T, lengths)
            pooled = mean_over(y.transpose(0, 1), lengths)
        else:
            y, (h, *_) = self.encoder(tokens, lengths)
            pooled = (mean_over(y, lengths) if self.config['pooling'] == 'mean' else
                      F.dropout(h[-1], self.config['dropout'], self.training))
        return *layers.summed_loss(self, self.output(pooled), batch['labels']), state


def mean_over(y, lengths):
    """The mean of y [length, batch, width] over the first lengths[b] rows of each item."""
    inside = torch.arange(len(y))[:, None] < lengths  # [length, batch]
    return torch.where(inside[:, :, None], y, 0).sum(0) / lengths[:, None]
