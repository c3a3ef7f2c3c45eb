"""What is known of a claim, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check; never a bool.

    status   proved | agrees | refuted | unknown
    how      the reason in a sentence
    points   points that took part in a comparison
    worst    largest relative difference seen
    witness  the refuting point with both values, as text
    steps    identities that a proof used, each with what licensed it
    """

    status: str
    how: str
    points: int = 0
    worst: float = 0.0
    witness: dict[str, Any] | None = None
    steps: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        raise TypeError("a verdict is not a yes or no; look at .status")

    @property
    def gap(self) -> str:
        """The largest difference in words: what is far below a double's last digit is no number."""
        return "below 1e-17" if self.worst < 1e-17 else f"{self.worst:.1g}"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """What a notebook shows."""
        from emlc.render.notebook import bundle

        rows = [("verdict", self.status), ("how", self.how)]
        if self.points > 1:
            rows.append(("compared", f"{self.points} points, largest difference {self.gap}"))
        return bundle(f"{self.status}: {self.how}", rows)

    def to_json(self) -> dict[str, Any]:
        """The verdict as the JSON documents carry it."""
        return {
            "status": self.status,
            "how": self.how,
            "points": self.points,
            "worst": self.worst,
            "witness": self.witness,
        }
