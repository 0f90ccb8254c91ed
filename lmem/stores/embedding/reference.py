"""The stored reference vector: what sentence-transformers itself answers for one sentence, per known weights.

Not computed by lmem, so that an error of the export cannot hide in it: written once by sentence-transformers 6.2 with
torch 2.15 on the CPU (`encode(SENTENCE, normalize_embeddings=True)`), as base64 of little-endian float16.
"""

from __future__ import annotations

SENTENCE = "SQLite keeps the truth; vectors, graph and cache can always be rebuilt from it (see design 5)."

VECTORS: dict[str, str] = {
    # all-MiniLM-L6-v2
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db": (
        "P6x1qS6toppAJzart6dfqxiqaS3kISAvAqktqwykEStOE+8rsSgLJwaocKi2I6KkZi+ULOokxp7uJ2SsBqGtJ2ar2i/urAwqQ6AvHwmql6TI"
        "pr0ooa42LUKgqiqrqiqnaSHOnQCpyaTdrJUmQitfLgSfhyedp0MoKi1eH1wobpYKLNIiQiquJI8sh6afo4Yfg6/YFG+llDCVLF2pIiRPqGqt"
        "Fikyqh+cRC1BpJYn86mULQEnKSEVLxEsyKOcpL4fSjAlJ1osex3mLJCcuqu1KPOpnKCbJSapr6mvqI6jbCw+ncGkY6OLqUGt2xt7JQwktaDP"
        "LVAll6FnreGYVaQAgIOolyUNIzWdeqUALMmmxy0Npo+cwKP8hQ2iDC4pLuyjECYeKjohwK2UmoKoWqnQIvMsUSBvKw2TuqztofWs+6JRHb8r"
        "U6oaK6eib6ndpv2s7hs/G/EgXqYJrEikD6ktJMWmFa2cpDEoSh+KK1OmhhPXKTKZaihMKdegiSU1Ke0ngKQKMBuooKhqKpcoAx8fJeQoTKsd"
        "rJemv64KrEKuQZsnoDWrNKxAKEWlua1xK6eveioXLbuJUKkkLZSo65wAACqrN6YKkQgsM6w6qXuqgaWHryipAJ4ursEigqqnJdkvyaj9rpOn"
        "WZ0wpXYsiqoLJsAu0KSupzOpq6I+qy8kyK3UqqqtOiwSHLooRKxsHcooU566KJinOC0wnDMpxqkhLdefryPGLbWhMSstqQovcCCkmOUq7SEK"
        "rA+kJKp2qEGfkCTiG4eeKyAiqgakDS0tLAUL/ZwWKuQoASc4KAirryWhoHMp+izbogiedyV4ruMY96caK/WrGSX/r1kqT5wAgFmvGSFRJDUp"
        "miypqxsv3zBAId+fuiTxq7WZvCPtKHqknyvCrJijoaCFqp4sO6oCLuye0CM4Kz0qyCsLHygYNZyaMNodJywvKkclHSofo5QoJaqmmkGbRSqi"
        "ptOov6vXpeqXPqwXqh2p36pDJJkeRqSOj4wk8Sw9JmGYB60NnJap"
    ),
}
"""Vectors by the SHA-256 of model.safetensors."""
