"""Pure trees from RPN and JSON: 11xE1EE, 1 1 alpha E 1 E E, {"nodes": [["1"], ["x"], [0, 1]]}."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from emlc.errors import Span, TreeError, shorten
from emlc.ir.node import ONE, Node, Var, eml, postorder, var
from emlc.parse.names import canonical, variable_problem
from emlc.tables.primitives import EML

OPERATOR = "E"
_OPERATORS = {OPERATOR, "EML", "eml"}
_LIST = re.compile(r"\s*(?:rpnRule\s*\[\s*\{([^{}]*)\}\s*\]|\{([^{}]*,[^{}]*)\})\s*")
_WORD = re.compile(r"[^\s,]+")
_SPACE = re.compile(r"[\s,]+")
_PLAIN = re.compile(r"[\w\s,]+")
# RPN begins with a 1 in practice and has an operator; no other tree does.
_FAULTY = re.compile(r"\s*1[1A-Za-z_0-9\s,]*E[\w\s,]*")
_JSON_HINT = 'write {"nodes": [["1"], ["x"], [0, 1]]}, operands first, or a list of RPN tokens'

Tokens = Iterable[tuple[str, int]]


def rpn_words(text: str) -> Tokens:
    """The tokens of RPN text with their places; letters run together are one token each.

    >>> list(rpn_words("1 alpha E")), [word for word, _ in rpn_words("11xEE")]
    ([('1', 0), ('alpha', 2), ('E', 8)], ['1', '1', 'x', 'E', 'E'])
    """
    listed = _LIST.fullmatch(text) if "{" in text else None
    first, last = listed.span(listed.lastindex or 0) if listed else (0, len(text))
    compact = _is_compact(_SPACE.split(text[first:last].strip()))
    for found in _WORD.finditer(text, first, last):
        if compact:
            yield from ((c, found.start() + k) for k, c in enumerate(found[0]))
        else:
            yield found[0], found.start()


def _is_compact(words: list[str]) -> bool:
    """Whether the letters of the words are tokens; a line break may stand between them."""
    return (len(words) == 1 and OPERATOR in words[0]) or any(
        word[:1] == "1" != word for word in words
    )


def is_list(text: str) -> bool:
    """Whether the text is RPN as Wolfram writes it: rpnRule[{1, x, EML}] or {1, x, EML}."""
    return "{" in text and _LIST.fullmatch(text) is not None


def is_rpn(text: str) -> bool:
    """Whether the text is the RPN of one whole tree of at least one eml.

    >>> is_rpn("11xE1EE"), is_rpn("1 alpha E"), is_rpn("alpha"), is_rpn("1E1")
    (True, True, False, False)
    """
    if not _PLAIN.fullmatch(text):
        return False
    words = _SPACE.split(text.strip())
    if _is_compact(words):
        leaves_lacking = 2 * text.count(OPERATOR) + 1 - sum(map(len, words))
    else:
        leaves_lacking = 2 * sum(word in _OPERATORS for word in words) + 1 - len(words)
    if leaves_lacking or OPERATOR not in text:
        return False
    height = 0
    for word, _ in rpn_words(text):
        if word != "1" and not word.isidentifier():
            return False
        height += -1 if word in _OPERATORS else 1
        if height < 1:
            return False
    return True


def looks_like_rpn(text: str) -> bool:
    """Whether a text that must be a tree is RPN, if only a faulty one."""
    return is_rpn(text) or _FAULTY.fullmatch(text) is not None


def from_rpn(tokens: Tokens, text: str) -> tuple[Node, dict[Node, Span]]:
    """The tree of RPN tokens, and the place where each of its parts is first complete."""
    stack: list[Node] = []
    spans: dict[Node, Span] = {}
    leaves: dict[str, Node] = {"1": ONE}
    for word, start in tokens:
        span = Span(start, start + len(word))
        if word in _OPERATORS:
            if len(stack) < 2:
                message = f"{word} needs two operands before it, but finds {len(stack)}"
                raise TreeError(message, span=span, text=text, hint="write 1xE for eml(1, x)")
            right = stack.pop()
            stack[-1] = eml(stack[-1], right)
        else:
            found = leaves.get(word)
            if found is None:
                found = leaves[word] = leaf(word, span, text)
            stack.append(found)
        spans.setdefault(stack[-1], span)
    if len(stack) != 1:
        message = "no tree" if not stack else f"{len(stack)} trees where one should be"
        hint = f"every {OPERATOR} joins the two trees before it; one is left at the end"
        raise TreeError(message, span=Span(0, len(text)), text=text, hint=hint)
    return stack[0], spans


def leaf(word: str, span: Span | None = None, text: str | None = None) -> Node:
    """The leaf of this name. Raises TreeError for anything but 1 and a variable."""
    if word == "1":
        return ONE
    spelled = canonical(word)
    problem = variable_problem(spelled) if spelled else ("", "")
    if spelled is None or problem is not None:
        message = f"{shorten(word)} is not a leaf of a pure tree"
        raise TreeError(message, span=span, text=text, hint="leaves are 1 and variables")
    return var(str(spelled))


def from_json(text: str) -> Node:
    """The tree of a JSON document: a list of RPN tokens, a list of nodes, or an object with one.

    Raises TreeError.
    """
    import json

    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        span = Span(error.pos, error.pos + 1)
        raise TreeError(f"not JSON: {error.msg}", span=span, text=text, hint=_JSON_HINT) from None
    except (ValueError, RecursionError):
        raise TreeError("not a tree in JSON", hint=_JSON_HINT) from None
    if isinstance(found, dict):
        found = found.get("nodes") or found.get("rpn")
    if not isinstance(found, list) or not found:
        raise TreeError("not a tree in JSON", hint=_JSON_HINT)
    if all(isinstance(entry, str) for entry in found):
        joined = " ".join(found)
        return from_rpn(list(_placed(found)), joined)[0]
    return _from_nodes(found)


def _placed(words: Iterable[str]) -> Iterable[tuple[str, int]]:
    """The words with their places when joined by spaces."""
    place = 0
    for word in words:
        yield word, place
        place += len(word) + 1


def _from_nodes(entries: list[object]) -> Node:
    made: list[Node] = []
    for k, entry in enumerate(entries):
        match entry:
            case [str() as word]:
                made.append(leaf(word))
            case [int() as a, int() as b] if (
                type(a) is int and type(b) is int and 0 <= a < k and 0 <= b < k
            ):
                made.append(eml(made[a], made[b]))
            case _:
                message = f"node {k} is neither a leaf nor a pair of earlier nodes"
                raise TreeError(message, hint=_JSON_HINT)
    return made[-1]


def require_pure(
    root: Node, text: str | None = None, spans: Mapping[Node, Span] | None = None
) -> None:
    """Raise TreeError unless the expression is a tree over {eml, 1, variables}."""
    for n in postorder(root):
        if n.head is EML or n is ONE or isinstance(n.head, Var):
            continue
        what = getattr(n.head, "name", "a number other than 1")
        span = spans.get(n) if spans else None
        hint = "a pure tree has eml, 1 and variables only; compile a formula to get one"
        raise TreeError(f"{what} in a pure tree", span=span, text=text, hint=hint)
