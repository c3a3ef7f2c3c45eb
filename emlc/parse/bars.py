"""Which bars of |x| open and which close, decided before parsing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emlc.errors import ParseError, Span
from emlc.tables.spellings import SIGNS

if TYPE_CHECKING:
    from lark import Token

_OPENERS = {"LPAR", "LBRACE", "LBRACKET", "LSET", "LABS"}
_CLOSERS = {"RPAR", "RBRACE", "RBRACKET", "RSET", "RABS"}
_SIGNS = {"PLUS", "MINUS"}
_BINARY = {"TIMES", "CROSS", "OVER", "POWER", "COMMA", "UNDER", "SUB", "SUPERSCRIPT"}
_ENDS = {"NUMBER", "NAME", "CONSTANT", "SUB", "SUPERSCRIPT"} | _CLOSERS
# More readings than this at one place are ambiguous for any reader.
_MOST = 16

# A reading in progress: bars open, whether an operand just ended (so a bar may close).
State = tuple[int, bool]


def resolve(tokens: list[Token], text: str) -> list[Token]:
    """The tokens with every BAR made LABS or RABS.

    Raises ParseError when the bars of one pair of parentheses cannot be matched, or can be in two
    ways: |x|y|z|.
    """
    levels: list[list[int]] = [[]]
    for k, token in enumerate(tokens):
        kind = token.type
        if kind == "BAR":
            levels[-1].append(k)
        elif kind in _OPENERS:
            levels.append([])
        elif kind in _CLOSERS:
            _match(tokens, levels.pop(), text)
            if not levels:
                return tokens
        elif kind == "COMMA":
            _match(tokens, levels[-1], text)
            levels[-1] = []
    for level in levels:
        _match(tokens, level, text)
    return tokens


def _match(tokens: list[Token], bars: list[int], text: str) -> None:
    """Decide the bars of one level by following all readings at once."""
    if not bars:
        return
    # For each bar, where each state came from: (previous state, opens, number of ways up to 2).
    steps: list[dict[State, tuple[State, bool, int]]] = []
    states: dict[State, int] = {(0, False): 1}
    for n, k in enumerate(bars):
        step: dict[State, tuple[State, bool, int]] = {}
        after_bar = n > 0 and bars[n - 1] == k - 1
        for (depth, closed), ways in states.items():
            ended = closed if after_bar else k > 0 and tokens[k - 1].type in _ENDS
            for opens in _choices(tokens, k, depth, ended):
                state = (depth + 1, False) if opens else (depth - 1, True)
                total = min(2, ways + step[state][2] if state in step else ways)
                step[state] = ((depth, closed), opens, total)
        steps.append(step)
        states = {state: found[2] for state, found in step.items()}
        if not states or len(states) > _MOST:
            break
    final = (0, True)
    ways = states.get(final, 0) if len(steps) == len(bars) else 2 * (len(states) > _MOST)
    if ways != 1:
        raise _unclear(tokens, bars, text, ways)
    for step, k in zip(reversed(steps), reversed(bars), strict=True):
        final, opens, _ = step[final]
        tokens[k].type = "LABS" if opens else "RABS"


def _choices(tokens: list[Token], k: int, depth: int, ended: bool) -> tuple[bool, ...]:
    """Whether the bar at k may open (True) or close (False) there."""
    after = tokens[k + 1].type if k + 1 < len(tokens) else "$END"
    blocked = after in _BINARY or after in _CLOSERS or after == "$END"
    if not ended or depth == 0:
        return () if blocked else (True,)
    return (False,) if blocked or after in _SIGNS else (False, True)


def _unclear(tokens: list[Token], bars: list[int], text: str, ways: int) -> ParseError:
    first, last = tokens[bars[0]], tokens[bars[-1]]
    span = Span(first.start_pos or 0, last.end_pos or 0)
    if ways:
        message = "these bars can be read in two ways"
    else:
        message = "these bars do not match" if len(bars) > 1 else "this bar has no partner"
    return ParseError(message, span=span, text=text, hint=f"write {SIGNS['|']}(...)")
