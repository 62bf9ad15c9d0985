"""The autoencoder of paper size: `decode BATCH`, latents to images; `train BATCH`, both steps of its adversarial game.

The training step is that of Esser et al. 2021 ("Taming Transformers"): absolute error, LPIPS by VGG16, divergence, and a
patch discriminator with the adaptive weight; then the discriminator's own step on the detached reconstruction.
"""

import paper
from peer import serve

VGG_STAGES = [[64] * 2, [128] * 2, [256] * 3, [512] * 3, [512] * 3]


def prepare(kind, *sizes):
    import diffusers

    return [diffusers], {"decode": decode, "train": train}[kind](*map(int, sizes))


def decode(batch):
    import torch

    autoencoder = paper.autoencoder().eval()
    latents = torch.randn(batch, 4, 25, 25)

    def run():
        with torch.inference_mode():
            autoencoder.decode(latents).sample.clamp(0, 1)

    return run


def train(batch):
    import torch
    from torch.nn.functional import relu

    autoencoder, lpips, discriminator = paper.autoencoder().train(), perceptual_distance(), patch_discriminator()

    def optimizer_of(network):
        return torch.optim.AdamW(network.parameters(), lr=2e-4, betas=(0.9, 0.98), weight_decay=0.01)

    optimizer, adversary = optimizer_of(autoencoder), optimizer_of(discriminator)
    last_layer = autoencoder.decoder.conv_out.weight
    images = torch.rand(batch, 2, 100, 100)

    def update(optimizer, loss, network):
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()

    def run():
        posterior = autoencoder.encode(images).latent_dist
        reconstruction = autoencoder.decode(posterior.sample()).sample.clamp(0, 1)
        distance = lpips(images.reshape(-1, 1, 100, 100), reconstruction.reshape(-1, 1, 100, 100))
        distance = distance.reshape(batch, 2, 1, 1).mean(1, keepdim=True)
        error = ((images - reconstruction).abs() + 2.0 * distance).sum() / batch
        divergence = posterior.kl().sum() / batch
        discriminator.requires_grad_(False)
        adversarial = -discriminator(reconstruction).mean()
        discriminator.requires_grad_(True)
        norms = [
            torch.autograd.grad(loss, last_layer, retain_graph=True)[0].norm() for loss in (error, adversarial)
        ]
        weight = (norms[0] / (norms[1] + 1e-4)).clamp(0, 1e4).detach()
        update(optimizer, error + 1e-7 * divergence + weight * adversarial, autoencoder)

        real, fake = discriminator(images), discriminator(reconstruction.detach())
        update(adversary, 0.5 * (relu(1 - real).mean() + relu(1 + fake).mean()), discriminator)
        return error.item()

    return run


def perceptual_distance():
    """LPIPS v0.1 on VGG16, without its weights: [B, 1, H, W] twice -> [B, 1, 1, 1]."""
    import torch
    from torch import nn

    stages, heads, channels = nn.ModuleList(), nn.ModuleList(), 3
    for index, widths in enumerate(VGG_STAGES):
        layers = [nn.MaxPool2d(2)] if index > 0 else []
        for width in widths:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
        stages.append(nn.Sequential(*layers))
        heads.append(nn.Conv2d(channels, 1, 1, bias=False))
    stages.requires_grad_(False).eval()
    heads.requires_grad_(False).eval()
    shift = torch.tensor([-0.030, -0.088, -0.188]).reshape(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).reshape(1, 3, 1, 1)

    def unit(x):
        return x / (x.pow(2).sum(1, keepdim=True).sqrt() + 1e-10)

    def distance(a, b):
        a, b, total = (a - shift) / scale, (b - shift) / scale, 0
        for stage, head in zip(stages, heads):
            a, b = stage(a), stage(b)
            total = total + head((unit(a) - unit(b)).pow(2)).mean((2, 3), keepdim=True)
        return total

    return distance


def patch_discriminator():
    from torch import nn

    layers = [nn.Conv2d(2, 64, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for before, after, stride in ((64, 128, 2), (128, 256, 2), (256, 512, 1)):
        layers += [nn.Conv2d(before, after, 4, stride, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 1))


serve(prepare)
