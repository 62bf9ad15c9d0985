"""Released networks at their real sizes, in eager PyTorch with fresh weights: `subcell`, one cell of 448x448;
`esmc WIDTH LAYERS TOKENS`; `cell_diff TOKENS`, one step; `vermeer WIDTH LAYERS GIVEN DRAWN`, a picture's tokens with a
cache of keys and values. `load FILE` reads a file of torch.save.

Blocks are those of transformers and diffusers where these have them.
"""

import sys

from peer import serve


def prepare(name, *sizes):
    import torch

    if name == "load":
        return [], lambda: torch.load(*sizes, map_location="cpu", weights_only=True)
    builders = {"subcell": subcell, "esmc": esmc, "cell_diff": cell_diff, "vermeer": vermeer}
    network, inputs = builders[name](*map(int, sizes))
    network.eval()

    def run():
        with torch.inference_mode():
            network(*inputs)

    return [sys.modules[library] for library in ("transformers", "diffusers") if library in sys.modules], run


def subcell():
    import torch
    from torch import nn
    from torch.nn.functional import gelu
    from transformers import ViTConfig, ViTModel

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            config = ViTConfig(image_size=448, patch_size=16, num_channels=4)
            self.transformer = ViTModel(config, add_pooling_layer=False)
            self.v, self.u, self.score = nn.Linear(768, 512), nn.Linear(768, 512), nn.Linear(512, 2)

        def forward(self, x):
            h = self.transformer(x).last_hidden_state
            weights = self.score(torch.tanh(self.v(h)) * gelu(self.u(h))).softmax(1)
            return (weights.transpose(1, 2) @ h).flatten(1)

    return Encoder(), [torch.rand(1, 4, 448, 448)]


def esmc(width, layers, tokens):
    import torch
    from transformers import EsmcConfig, EsmcModel

    hidden = -(-8 * width // 3 // 256) * 256
    heads = width // 64
    config = EsmcConfig(
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        intermediate_size=hidden,
    )
    return EsmcModel(config), [torch.randint(4, 24, (1, tokens))]


def cell_diff(tokens):
    import torch
    from diffusers.models.embeddings import TimestepEmbedding, Timesteps
    from diffusers.models.unets.unet_2d_blocks import (
        CrossAttnDownBlock2D,
        CrossAttnUpBlock2D,
        DownBlock2D,
        UpBlock2D,
    )
    from torch import nn
    from torch.nn.functional import layer_norm, scaled_dot_product_attention, silu

    widths, hidden = [320, 640, 1280, 1280], 1280
    attends = {"num_attention_heads": 8, "cross_attention_dim": hidden}

    def normal(x, shift, scale):
        return layer_norm(x, [hidden], eps=1e-6) * (1 + scale) + shift

    class AdaptiveBlock(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.proj = nn.Linear(hidden, 3 * hidden), nn.Linear(hidden, hidden)
            self.mlp = nn.Sequential(
                nn.Linear(hidden, 4 * hidden), nn.GELU("tanh"), nn.Linear(4 * hidden, hidden)
            )
            self.modulation = nn.Linear(hidden, 6 * hidden)

        def forward(self, x, active):
            shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(active)[:, None].chunk(6, -1)
            packed = self.qkv(normal(x, shift1, scale1)).unflatten(-1, (3, 8, 160))
            seen = scaled_dot_product_attention(*packed.permute(2, 0, 3, 1, 4))
            x = x + gate1 * self.proj(seen.transpose(1, 2).flatten(2))
            return x + gate2 * self.mlp(normal(x, shift2, scale2))

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.time = nn.Sequential(Timesteps(320, True, 0), TimestepEmbedding(320, hidden))
            self.conv_in = nn.Conv2d(16, 320, 3, padding=1)
            down = lambda index, kind, **more: kind(  # noqa: E731
                in_channels=widths[max(0, index - 1)],
                out_channels=widths[index],
                temb_channels=hidden,
                num_layers=2,
                add_downsample=index < 3,
                downsample_padding=1,
                resnet_eps=1e-5,
                **more,
            )
            self.down = nn.ModuleList(
                [*(down(index, CrossAttnDownBlock2D, **attends) for index in range(3)), down(3, DownBlock2D)]
            )
            self.entrance, self.exit = nn.Conv2d(hidden, hidden, 1), nn.Linear(hidden, hidden)
            self.modulation = nn.Linear(hidden, 2 * hidden)
            self.middle = nn.ModuleList(AdaptiveBlock() for _ in range(8))
            up = lambda index, kind, **more: kind(  # noqa: E731
                in_channels=widths[max(0, index - 1)],
                prev_output_channel=widths[min(3, index + 1)],
                out_channels=widths[index],
                temb_channels=hidden,
                num_layers=3,
                add_upsample=index > 0,
                resnet_eps=1e-5,
                **more,
            )
            self.up = nn.ModuleList(
                [up(3, UpBlock2D), *(up(index, CrossAttnUpBlock2D, **attends) for index in (2, 1, 0))]
            )
            self.norm, self.conv_out = nn.GroupNorm(32, 320), nn.Conv2d(320, 4, 3, padding=1)
            self.sequence_out = nn.Linear(hidden, 32)

        def forward(self, sample, cell, timestep, sequence):
            time = self.time(timestep)
            active = silu(time)
            x = self.conv_in(torch.cat([sample, cell], 1))
            skips = [x]
            for block in self.down:
                options = {"encoder_hidden_states": sequence} if isinstance(block, CrossAttnDownBlock2D) else {}
                x, given = block(x, time, **options)
                skips += given
            grid = x.shape[-2:]
            h = torch.cat([self.entrance(x).flatten(2).transpose(1, 2), sequence], 1)
            for block in self.middle:
                h = block(h, active)
            image, residues = h.split([grid.numel(), sequence.shape[1]], 1)
            shift, scale = self.modulation(active)[:, None].chunk(2, -1)
            x = self.exit(normal(image, shift, scale)).transpose(1, 2).unflatten(2, grid)
            for block in self.up:
                skips, given = skips[:-3], tuple(skips[-3:])
                options = {"encoder_hidden_states": sequence} if isinstance(block, CrossAttnUpBlock2D) else {}
                x = block(x, given, time, **options)
            return self.conv_out(silu(self.norm(x))), self.sequence_out(residues)

    inputs = [torch.randn(1, 4, 64, 64), torch.randn(1, 12, 64, 64), torch.tensor([100])]
    return Network(), [*inputs, torch.randn(1, tokens, hidden)]


def vermeer(width, layers, given, drawn):
    import torch
    from torch import nn
    from torch.nn.functional import gelu, scaled_dot_product_attention, silu

    vocabulary, heads, longest = 16393, width // 64, 1040
    hidden = -(-8 * width // 3 // 256) * 256
    angles = torch.rand(longest, 32)  # what they are does not matter for the time
    rotation = torch.polar(torch.ones_like(angles), angles)

    def rotate(x, turn):
        pairs = torch.view_as_complex(x.unflatten(-1, (32, 2)))
        return torch.view_as_real(pairs * turn[:, None]).flatten(-2).transpose(1, 2)

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.RMSNorm(width, 1e-5), nn.RMSNorm(width, 1e-5)
            self.qkv, self.out = nn.Linear(width, 3 * width, False), nn.Linear(width, width, False)
            self.w1, self.w2 = nn.Linear(width, hidden, False), nn.Linear(hidden, width, False)
            self.w3 = nn.Linear(width, hidden, False)
            self.cache = torch.zeros(2, 1, heads, longest, 64)

        def forward(self, x, start):
            end = start + x.shape[1]
            q, k, v = self.qkv(self.norm1(x)).unflatten(-1, (3, heads, 64)).unbind(2)
            turn = rotation[start:end]
            self.cache[0, :, :, start:end] = rotate(k, turn)
            self.cache[1, :, :, start:end] = v.transpose(1, 2)
            keys, values = self.cache[:, :, :, :end]
            seen = scaled_dot_product_attention(rotate(q, turn), keys, values, is_causal=start == 0)
            x = x + self.out(seen.transpose(1, 2).flatten(2))
            inner = self.norm2(x)
            return x + self.w2(silu(self.w1(inner)) * self.w3(inner))

    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(1152, width, False), nn.Linear(width, width, False)
            self.embedding = nn.Embedding(vocabulary, width)
            self.blocks = nn.ModuleList(Block() for _ in range(layers))
            self.norm, self.output = nn.RMSNorm(width, 1e-5), nn.Linear(width, vocabulary, False)

        def read(self, x, start):
            for block in self.blocks:
                x = block(x, start)
            return self.output(self.norm(x[:, -1:])).argmax(-1)

        def forward(self, embedding, tokens):
            condition = self.fc2(gelu(self.fc1(embedding), approximate="tanh"))
            token = self.read(torch.cat([condition, self.embedding(tokens)], 1), 0)
            for step in range(1, drawn):
                token = self.read(self.embedding(token), given + step)

    return Decoder(), [torch.randn(1, 1, 1152), torch.randint(0, 16384, (1, given))]


serve(prepare)
