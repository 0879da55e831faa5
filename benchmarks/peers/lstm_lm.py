"""The LSTM language model of models/lstm_lm in PyTorch."""
import torch.nn as nn
import torch.nn.functional as F

import layers


class LstmLm(nn.Module):
    """Embedding, LSTM layers, linear output. The state runs on from batch to batch where these say so."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embedding = layers.Embedding(config['vocabulary'], config['width'])
        self.lstm = layers.recurrent_layers(config, 'lstm')
        self.output = layers.output_layer(config, self.embedding, config['vocabulary'])

    def forward(self, batch, state):
        """tokens and targets are [time, batch]; gives the summed loss, the counted targets and the new state."""
        if batch['keep'] == 0:
            state = None
        x = self.drop(self.embedding(batch['tokens']))
        hidden, state = self.lstm(x, state)  # [time, batch, width]
        logits = self.output(self.drop(hidden))
        return *layers.summed_loss(self, logits, batch['targets']), tuple(s.detach() for s in state)

    def begin(self):
        """The state of a stream of which nothing is read."""
        return None

    def step(self, token, state):
        """token [1, 1] -> logits [vocabulary] and the new state."""
        hidden, state = self.lstm(self.embedding(token), state)
        return self.output(hidden)[0, 0], state

    def drop(self, x):
        return F.dropout(x, self.config['dropout'], self.training)
