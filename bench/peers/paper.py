"""The networks of paper size by diffusers, with fresh weights."""


def unet():
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=25,
        in_channels=5,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(128, 256, 512),
        layers_per_block=2,
        cross_attention_dim=1280,
        time_cond_proj_dim=1280,
    )


def autoencoder():
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        in_channels=2,
        out_channels=2,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(128, 256, 512),
        layers_per_block=2,
        latent_channels=4,
        sample_size=100,
    )
