"""The denoiser of paper size: `step RESIDUES`, a guided step; `image RESIDUES STEPS`, a guided image by DDIM with its
decoding; `train BATCH RESIDUES`, a training step with clipping and AdamW.

Both halves of guidance are one batch, as in diffusers' own pipelines; the null half is a sequence of zeros.
"""

import paper
from peer import serve

GUIDANCE = 3.0


def prepare(kind, *sizes):
    import diffusers

    return [diffusers], {"step": step, "image": image, "train": train}[kind](*map(int, sizes))


def guided(unet, residues):
    import torch

    sequence = torch.rand(1, residues, 1280).sub_(0.5)
    sequences = torch.cat([torch.zeros_like(sequence), sequence])
    condition = sequences.mean(dim=1)
    distance = torch.rand(1, 1, 25, 25)

    def predict(latents, timestep):
        sample = torch.cat([latents, distance], dim=1).repeat(2, 1, 1, 1)
        null, conditional = unet(sample, timestep, sequences, timestep_cond=condition).sample.chunk(2)
        return null + GUIDANCE * (conditional - null)

    return predict


def step(residues):
    import torch

    predict = guided(paper.unet().eval(), residues)
    latents = torch.randn(1, 4, 25, 25)

    def run():
        with torch.inference_mode():
            predict(latents, 500)

    return run


def image(residues, steps):
    import torch
    from diffusers import DDIMScheduler

    predict = guided(paper.unet().eval(), residues)
    decoder = paper.autoencoder().eval()
    scheduler = DDIMScheduler(beta_start=1e-4, beta_end=0.02, clip_sample=False, set_alpha_to_one=True)
    scheduler.set_timesteps(steps)
    noise = torch.randn(1, 4, 25, 25)

    def run():
        with torch.inference_mode():
            latents = noise
            for timestep in scheduler.timesteps:
                latents = scheduler.step(predict(latents, timestep), timestep, latents).prev_sample
            decoder.decode(latents).sample.clamp(0, 1)

    return run


def train(batch, residues):
    import torch
    from diffusers import DDPMScheduler
    from torch.nn import functional

    unet = paper.unet().train()
    scheduler = DDPMScheduler(beta_start=1e-4, beta_end=0.02)
    optimizer = torch.optim.AdamW(unet.parameters(), lr=2e-4, betas=(0.9, 0.98), weight_decay=0.01)
    latents, distance = torch.randn(batch, 4, 25, 25), torch.rand(batch, 1, 25, 25)
    sequence, mask = torch.rand(batch, residues, 1280).sub_(0.5), torch.ones(batch, residues)
    is_dropped = torch.arange(batch) % 4 == 3

    def run():
        noise = torch.randn_like(latents)
        timesteps = torch.randint(0, 1000, (batch,))
        noisy = scheduler.add_noise(latents, noise, timesteps)
        shown = sequence.masked_fill(is_dropped[:, None, None], 0)
        condition = (shown * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        predicted = unet(
            torch.cat([noisy, distance], dim=1),
            timesteps,
            shown,
            timestep_cond=condition,
            encoder_attention_mask=mask,
        ).sample
        loss = functional.mse_loss(predicted, noise)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return run


serve(prepare)
