"""The Transformer language model of models/transformer_lm in PyTorch, with segment recurrence as an option."""
import torch
import torch.nn as nn

import layers


class TransformerLm(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        # A prior over codes reads labels too.
        self.embedding = layers.Embedding(config['source_vocabulary'] or config['vocabulary'], config['width'])
        self.position = layers.Embed(config)
        self.block = layers.blocks(config, config['layers'])
        self.norm = layers.LayerNorm(config['width'])
        self.output = layers.output_layer(config, self.embedding, config['vocabulary'])
        self.rotate = layers.rotation(config)
        self.seen = {0: {'is_causal': True}}  # by how many rows of memory there are

    def forward(self, batch, memory):
        """tokens and targets are [time, batch]; memory: of each block its last inputs [batch, rows, width], or None.
        Gives the summed loss, the counted targets and the new memory."""
        if memory is None or batch['keep'] == 0:
            memory = [None] * len(self.block)
        x = self.position(batch['tokens'].T, self.embedding)  # [batch, time, width]
        later = []
        for block, before in zip(self.block, memory):
            rows = 0 if before is None else before.shape[1]
            if self.config['memory']:
                known = x.detach() if before is None else torch.cat((before, x.detach()), 1)
                later.append(known[:, -self.config['memory']:])
            x = block(x, self.causal(x.shape[1], rows), self.rotate, before)
        logits = self.output(self.norm(x))
        return *layers.summed_loss(self, logits, batch['targets'].T), later or None

    def causal(self, time, rows):
        """Row t sees itself, what is before it, and the rows of memory."""
        if rows not in self.seen:
            self.seen[rows] = {'attn_mask': torch.ones(time, rows + time, dtype=torch.bool).tril(rows)}
        return self.seen[rows]

    def begin(self):
        """Empty caches of keys and values, and the first position."""
        c = self.config
        shape = (1, c['heads'], c['context'], c['width'] // c['heads'])
        return [(torch.empty(shape), torch.empty(shape)) for _ in self.block], 0

    def step(self, token, state):
        """token [1, 1] -> logits [vocabulary] and the new state."""
        caches, position = state
        x = self.position(token, self.embedding, position)
        for block, cache in zip(self.block, caches):
            x = block.step(x, cache, position, self.rotate)
        return self.output(self.norm(x))[0, 0], (caches, position + 1)
