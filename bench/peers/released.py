"""Released networks at their real sizes, in eager PyTorch: `subcell`, one cell of 448x448; `esmc WIDTH LAYERS TOKENS`."""

from peer import serve


def prepare(name, *sizes):
    import torch

    network, inputs = {"subcell": subcell, "esmc": esmc}[name](*map(int, sizes))

    def run():
        with torch.inference_mode():
            network(*inputs)

    return [], run


def subcell():
    import torch
    from torch import nn
    from torch.nn.functional import gelu

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches = nn.Conv2d(4, 768, 16, 16)
            self.positions = nn.Parameter(torch.randn(1, 785, 768))
            layer = nn.TransformerEncoderLayer(768, 12, 3072, 0.0, "gelu", 1e-12, batch_first=True, norm_first=True)
            self.layers = nn.TransformerEncoder(layer, 12, nn.LayerNorm(768, 1e-12))
            self.v, self.u, self.score = nn.Linear(768, 512), nn.Linear(768, 512), nn.Linear(512, 2)

        def forward(self, x):
            tokens = self.patches(x).flatten(2).transpose(1, 2)
            h = self.layers(torch.cat([tokens[:, :1], tokens], 1) + self.positions)
            weights = self.score(torch.tanh(self.v(h)) * gelu(self.u(h))).softmax(1)
            return (weights.transpose(1, 2) @ h).flatten(1)

    return Encoder().eval(), [torch.rand(1, 4, 448, 448)]


def esmc(width, layers, tokens):
    import torch
    from torch import nn
    from torch.nn.functional import layer_norm, silu

    hidden = -(-8 * width // 3 // 256) * 256
    angles = torch.arange(tokens)[:, None] * 10000 ** (-torch.arange(32) / 32)
    cos, sin = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)

    def rotate(y):
        turned = torch.cat([-y[..., 32:], y[..., :32]], -1)
        return y * cos + turned * sin

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.q_norm, self.k_norm = nn.Parameter(torch.ones(width)), nn.Parameter(torch.ones(width))
            self.qkv, self.out = nn.Linear(width, 3 * width, False), nn.Linear(width, width, False)
            self.up, self.down = nn.Linear(width, 2 * hidden, False), nn.Linear(hidden, width, False)

        def forward(self, x):
            q, k, v = self.qkv(self.norm1(x)).chunk(3, -1)
            q, k = layer_norm(q, [width], self.q_norm), layer_norm(k, [width], self.k_norm)
            q, k, v = (y.view(*y.shape[:2], -1, 64).transpose(1, 2) for y in (q, k, v))
            seen = (rotate(q) @ rotate(k).transpose(-1, -2) / 8).softmax(-1) @ v
            x = x + self.out(seen.transpose(1, 2).flatten(2))
            gate, up = self.up(self.norm2(x)).chunk(2, -1)
            return x + self.down(silu(gate) * up)

    blocks = nn.Sequential(nn.Embedding(64, width), *(Block() for _ in range(layers)), nn.LayerNorm(width))
    return blocks.eval(), [torch.randint(4, 24, (1, tokens))]


serve(prepare)
