"""PyTorch's random numbers on a processor: the Mersenne twister, and normal numbers from it."""

from __future__ import annotations

import math

import numpy as np

from emlc.lower.jit import Array

_BLOCK = 16
_BITS = 53


class Twister:
    """The generator after `torch.manual_seed(seed)`.

    >>> Twister(137).normal(2).tolist()
    [0.9080781180499247, 0.029868588681929084]
    """

    def __init__(self, seed: int) -> None:
        self._words = np.random.RandomState(seed)

    def word(self) -> int:
        """32 random bits."""
        return int(self._words.randint(0, 2**32, dtype=np.uint32))

    def uniform(self) -> float:
        """A double of [0, 1)."""
        high = self.word() << 32
        return float((high | self.word()) & (2**_BITS - 1)) * 2.0**-_BITS

    def normal(self, count: int) -> Array:
        """What `torch.randn(count, dtype=torch.float64)` gives for an even count.

        Fewer than 16 come in pairs; more in blocks of 16, the last of which ends at the end and is
        drawn anew.
        """
        if count < _BLOCK:
            return np.array([z for _ in range(count // 2) for z in self._pair()])
        made = np.array([self.uniform() for _ in range(count)])
        for at in range(0, count - _BLOCK + 1, _BLOCK):
            _to_normal(made[at : at + _BLOCK])
        if count % _BLOCK:
            made[-_BLOCK:] = [self.uniform() for _ in range(_BLOCK)]
            _to_normal(made[-_BLOCK:])
        return made

    def _pair(self) -> tuple[float, float]:
        angle, radius = 2.0 * math.pi * self.uniform(), self.uniform()
        radius = math.sqrt(-2.0 * math.log1p(-radius))
        return radius * math.cos(angle), radius * math.sin(angle)


def _to_normal(block: Array) -> None:
    """Box and Muller on sixteen uniform numbers, the first half of which are radii."""
    half = _BLOCK // 2
    for k in range(half):
        radius = math.sqrt(-2.0 * math.log(1.0 - block[k]))
        angle = 2.0 * math.pi * block[k + half]
        block[k], block[k + half] = radius * math.cos(angle), radius * math.sin(angle)
