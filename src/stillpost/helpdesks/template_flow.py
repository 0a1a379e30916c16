"""What a Liquid template may print: every placeholder that can reach the output, through assigns, captures, loops.

Both branches of every condition are taken, so the answer may name too many and never too few. Implicit flow (a branch
chosen by a stranger's word printing the helpdesk's own text) is not a stranger's word and is left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, final

from liquid import Environment, Mode
from liquid.ast import BlockNode, ConditionalBlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, LoopExpression, Path
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.builtin.tags.cycle_tag import CycleNode
from liquid.builtin.tags.echo_tag import EchoNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.include_tag import IncludeNode
from liquid.builtin.tags.render_tag import RenderNode
from liquid.builtin.tags.tablerow_tag import TablerowNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.template import BoundTemplate

MAX_DEPTH = 40
MAX_USES = 500


class Strict(Environment):
    """Liquid as Zendesk uses it, bounded: a template is somebody's setting and may be written to hurt the auditor."""

    loop_iteration_limit = 1_000
    local_namespace_limit = 1_000_000
    block_nesting_limit = 30


class Use(NamedTuple):  # thousands are made for a big desk, and a tuple is made ten times faster
    """A placeholder that may be printed: its path, where its statement starts and ends in the source, if it is a loop.

    ``steers`` are placeholders and constants that decide whether this statement is reached.
    """

    path: tuple[str, ...]
    start: int
    stop: int
    steers: tuple[tuple[tuple[str, ...], str], ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed template: its uses, what could not be followed, the template itself; ``error`` if it is no Liquid."""

    uses: tuple[Use, ...]
    doubts: tuple[str, ...]
    template: BoundTemplate | None
    error: str = ""


def parse(environment: Environment, source: str) -> Parsed:
    """Parse and follow one template; a text without Liquid costs nothing."""
    if "{{" not in source and "{%" not in source:
        return Parsed((), (), None)
    try:
        template = environment.from_string(source)
        walk = _Walk(source)
        walk.block(template.nodes, ())
    except (LiquidError, RecursionError) as error:
        return Parsed((), (), None, error=str(error).partition("\n")[0] or type(error).__name__)
    return Parsed(tuple(dict.fromkeys(walk.uses)), tuple(dict.fromkeys(walk.doubts)), template)


def environment() -> Strict:
    """A fresh environment: strict, bounded, without a loader (Zendesk has no includes)."""
    return Strict(tolerance=Mode.STRICT, strict_filters=True)


Paths = tuple[tuple[str, ...], ...]
Steers = tuple[tuple[tuple[str, ...], str], ...]


@final
class _Walk:
    """One pass over the tree; ``scope`` holds what assigned and captured names may print, and what loop names are."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._scope: dict[str, Paths] = {}
        self._depth = 0
        self.uses: list[Use] = []
        self.doubts: list[str] = []

    def block(self, nodes: Iterable[Node], steers: Steers) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise RecursionError("nested too deeply")
        for node in nodes:
            self._node(node, steers)
        self._depth -= 1

    def _node(self, node: Node, steers: Steers) -> None:
        kind = type(node)
        if kind is ContentNode or kind is CommentNode:
            return
        if isinstance(node, OutputNode | EchoNode):
            self._print(node, self._paths(node.expression), steers)
        elif isinstance(node, AssignNode):
            self._bind(str(node.name), self._paths(node.expression))
        elif isinstance(node, CaptureNode):
            self._capture(node, steers)
        elif isinstance(node, ForNode | TablerowNode):
            self._loop(node, steers)
        elif isinstance(node, IfNode | UnlessNode):
            self._branches(node, steers)
        elif isinstance(node, CaseNode):
            self._case(node, steers)
        elif isinstance(node, CycleNode):
            self._print(node, tuple(p for arg in node.args for p in self._paths(arg)), steers)
        elif isinstance(node, IncludeNode | RenderNode):
            self.doubts.append(f"the tag {node.token.value!r} brings in a text that is not here")
        else:
            self._others(node, steers)

    def _others(self, node: Node, steers: Steers) -> None:
        inner = getattr(node, "block", None)
        if isinstance(node, BlockNode | ConditionalBlockNode | MultiExpressionBlockNode) or inner is not None:
            body = inner if isinstance(inner, BlockNode) else node
            self.block(body.nodes if isinstance(body, BlockNode) else (), steers)
        elif node.token.value not in ("increment", "decrement", "break", "continue", "doc", "#"):
            self.doubts.append(f"the tag {node.token.value!r} is not known here")

    def _print(self, node: Node, paths: Paths, steers: Steers) -> None:
        start = node.token.start_index
        stop = self._end(start)
        for path in paths if len(paths) == 1 else dict.fromkeys(paths):
            if len(self.uses) >= MAX_USES:
                raise RecursionError("more placeholders than can be followed")
            self.uses.append(Use(path, start, stop, steers))

    def _end(self, start: int) -> int:
        closing = "}}" if self._source.startswith("{{", start) else "%}"
        found = self._source.find(closing, start)
        return len(self._source) if found < 0 else found + 2

    def _bind(self, name: str, paths: Paths) -> None:
        # A name bound in one branch may still hold what another branch bound: keep both.
        self._scope[name] = tuple(dict.fromkeys((*self._scope.get(name, ()), *paths)))

    def _capture(self, node: CaptureNode, steers: Steers) -> None:
        before = len(self.uses)
        self.block(node.block.nodes, steers)
        captured = self.uses[before:]
        del self.uses[before:]
        self._bind(str(node.name), tuple(use.path for use in captured))

    def _loop(self, node: "ForNode | TablerowNode", steers: Steers) -> None:
        expression = node.expression
        paths = tuple((*path, "[]") for path in self._paths(expression.iterable))
        name = str(expression.identifier)
        outer = self._scope.get(name)
        self._scope[name] = paths
        for _ in range(2):  # what the first turn assigns, the second may print
            self.block(node.block.nodes, steers)
        default = getattr(node, "default", None)
        if default is not None:
            self.block(default.nodes, steers)
        if outer is None:
            del self._scope[name]
        else:
            self._scope[name] = outer

    def _branches(self, node: "IfNode | UnlessNode", steers: Steers) -> None:
        self.block(node.consequence.nodes, steers + self._comparisons(node.condition))
        for alternative in node.alternatives:
            self.block(alternative.block.nodes, steers + self._comparisons(alternative.expression))
        if node.default is not None:
            self.block(node.default.nodes, steers)

    def _case(self, node: CaseNode, steers: Steers) -> None:
        for block in node.blocks:
            if isinstance(block, MultiExpressionBlockNode):
                self.block(block.block.nodes, steers + self._comparisons(block.expression))
            else:
                self.block(block.nodes, steers)

    def _comparisons(self, expression: Expression) -> Steers:
        """The placeholders and constants a condition compares, for steering toward this branch."""
        paths = [path for path in self._paths(expression) if path]
        constants = [
            str(e.value) for e in _leaves(expression) if hasattr(e, "value") and isinstance(e.value, str | int)
        ]
        return tuple((path, constant) for path in paths for constant in constants)

    def _paths(self, expression: object) -> Paths:
        """Every placeholder an expression can take its value from, local names resolved."""
        if type(expression) is FilteredExpression and not expression.filters and type(expression.left) is Path:
            return tuple(self._resolved(expression.left))
        found: list[tuple[str, ...]] = []
        for leaf in _leaves(expression):
            if isinstance(leaf, Path):
                found += self._resolved(leaf)
        return tuple(found)

    def _resolved(self, path: Path) -> list[tuple[str, ...]]:
        names = tuple([segment if type(segment) is str else _place(segment) for segment in path.path])
        if self._scope and names[0] in self._scope:
            return [(*origin, *names[1:]) for origin in self._scope[names[0]]]
        return [names]


def _place(segment: object) -> str:
    """A list's member for a number, nobody knows which for a path in brackets."""
    return "?" if isinstance(segment, Path) else "[]" if isinstance(segment, int) else str(segment)


def _leaves(expression: object) -> Iterator[Expression]:
    """An expression and everything below it (filter arguments too: ``append`` prints its argument)."""
    if not isinstance(expression, Expression):
        return
    yield expression
    if isinstance(expression, Path):
        return
    if isinstance(expression, FilteredExpression):
        yield from _leaves(expression.left)
        for filter_ in expression.filters or ():
            for argument in filter_.args:
                yield from _leaves(argument.value)
    elif isinstance(expression, LoopExpression):
        yield from _leaves(expression.iterable)
    else:
        for child in expression.children() or ():
            yield from _leaves(child)
