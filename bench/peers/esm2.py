"""ESM2, from tokens to the last representation: LAYERS WIDTH HEADS TOKENS. By transformers, or else by fair-esm."""

from peer import serve


def by_transformers(layers, width, heads):
    import transformers

    config = transformers.EsmConfig(
        vocab_size=33,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        position_embedding_type="rotary",
        token_dropout=True,
        mask_token_id=32,
        pad_token_id=1,
        emb_layer_norm_before=False,
    )
    model = transformers.EsmModel(config, add_pooling_layer=False).eval()
    return transformers, lambda ids: model(input_ids=ids).last_hidden_state


def by_fair_esm(layers, width, heads):
    import esm

    model = esm.ESM2(num_layers=layers, embed_dim=width, attention_heads=heads).eval()
    esm.__version__ = esm.version.version
    return esm, lambda ids: model(ids, repr_layers=[layers])["representations"][layers]


def prepare(*sizes):
    import torch

    layers, width, heads, tokens = map(int, sizes)
    try:
        library, model = by_transformers(layers, width, heads)
    except ImportError:
        library, model = by_fair_esm(layers, width, heads)
    ids = torch.randint(4, 24, (1, tokens))
    ids[0, 0], ids[0, -1] = 0, 2

    def run():
        with torch.inference_mode():
            model(ids)

    return [library], run


serve(prepare)
