"""The fewest texts to change so that no stranger's word reaches a notice: a smallest vertex cut.

A notice's template brings in other texts, those bring in others, and some of them print a stranger's word. Changing a
text takes out everything in it that leads to one. A smallest set of texts that breaks every way is a smallest vertex
cut, found as a maximal flow (Menger): exact, not greedy.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import pairwise

Node = tuple[str, bool]
"""A text's path, and whether it is the side ways leave by (True) or enter by (False)."""

_START: Node = ("", True)
_END: Node = ("", False)


def smallest_cut(ways: Iterable[Sequence[str]], kept: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The fewest texts so that every way holds one of them; ``kept`` texts are not to be changed.

    A way is the chain of texts from a notice's template to the text that prints the word. A way of kept texts only has
    no answer and is left out. Ties go to the texts nearest the word.
    """
    flow: dict[Node, dict[Node, int]] = {}
    chains = [tuple(way) for way in ways if any(text not in kept for text in way)]
    endless = len(chains) + 1
    for way in chains:
        _connect(flow, _START, (way[0], False), endless)
        for text in way:
            _connect(flow, (text, False), (text, True), endless if text in kept else 1)
        for text, inner in pairwise(way):
            _connect(flow, (text, True), (inner, False), endless)
        _connect(flow, (way[-1], True), _END, endless)
    while _augment(flow):
        pass
    behind = _reaching(flow, _END)
    cut = {text for (text, leaving) in behind if leaving and text and (text, False) not in behind}
    return tuple(sorted(cut))


def _connect(flow: dict[Node, dict[Node, int]], start: Node, end: Node, room: int) -> None:
    flow.setdefault(start, {})[end] = room
    flow.setdefault(end, {}).setdefault(start, 0)


def _augment(flow: dict[Node, dict[Node, int]]) -> bool:
    """Push one more unit from start to end; False if none fits."""
    came: dict[Node, Node] = {_START: _START}
    todo = deque([_START])
    while todo and _END not in came:
        node = todo.popleft()
        for other, room in flow.get(node, {}).items():
            if room > 0 and other not in came:
                came[other] = node
                todo.append(other)
    if _END not in came:
        return False
    node = _END
    while node != _START:
        before = came[node]
        flow[before][node] -= 1
        flow[node][before] += 1
        node = before
    return True


def _reaching(flow: dict[Node, dict[Node, int]], goal: Node) -> set[Node]:
    """Every node from which the goal can still be reached."""
    into: dict[Node, list[Node]] = {}
    for node, others in flow.items():
        for other, room in others.items():
            if room > 0:
                into.setdefault(other, []).append(node)
    seen = {goal}
    todo = deque([goal])
    while todo:
        for node in into.get(todo.popleft(), ()):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen
