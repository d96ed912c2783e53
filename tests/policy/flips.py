"""Every operator of a policy set, turned over one at a time: what a slip of the pen would make of the rules."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

SWAPPED: Final = {"&&": "||", "||": "&&", "==": "!=", "!=": "=="}
NEGATED: Final = {"in", "contains", "is"}
KINDS: Final = {"when": "unless", "unless": "when"}
EFFECTS: Final = {"permit": "forbid", "forbid": "permit"}


@dataclass(frozen=True, slots=True)
class Flip:
    """One slip, and the policy set with it."""

    what: str
    policies_json: str


def flips(policies_json: str) -> Iterator[Flip]:
    """Yield the policy set once for each slip."""
    document = json.loads(policies_json)
    for identity, policy in document["staticPolicies"].items():
        for what, change in [*_of_policy(policy), *_of_conditions(policy)]:
            changed = copy.deepcopy(document)
            change(changed["staticPolicies"][identity])
            yield Flip(f"{identity}: {what}", json.dumps(changed))
        without = {name: one for name, one in document["staticPolicies"].items() if name != identity}
        yield Flip(f"{identity}: left out", json.dumps({**document, "staticPolicies": without}))


Change = Callable[[dict[str, Any]], None]


def _of_policy(policy: Mapping[str, Any]) -> Iterator[tuple[str, Change]]:
    yield f"{policy['effect']} turned over", lambda one: one.update(effect=EFFECTS[one["effect"]])
    for scope in ("action", "resource"):
        if policy[scope]["op"] != "All":
            yield f"any {scope}", lambda one, scope=scope: one.update({scope: {"op": "All"}})  # type: ignore[misc]
    for place, condition in enumerate(policy["conditions"]):
        yield (
            f"{condition['kind']} turned over",
            lambda one, place=place: one["conditions"][place].update(kind=KINDS[one["conditions"][place]["kind"]]),  # type: ignore[misc]
        )
        yield f"no {condition['kind']}", lambda one, place=place: one["conditions"].pop(place)  # type: ignore[misc]


def _of_conditions(policy: Mapping[str, Any]) -> Iterator[tuple[str, Change]]:
    for place, condition in enumerate(policy["conditions"]):
        for path, node in _nodes(condition["body"], ()):
            (operator,) = node
            for what, replacement in _turned(operator, node):
                yield f"{what} at {'.'.join(map(str, path)) or 'top'}", _put(place, path, replacement)


def _turned(operator: str, node: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if operator in SWAPPED:
        yield f"{operator} turned over", {SWAPPED[operator]: node[operator]}
    if operator in {"&&", "||"}:
        yield f"left of {operator} only", node[operator]["left"]
        yield f"right of {operator} only", node[operator]["right"]
    if operator == "!":
        yield "! left out", node["!"]["arg"]
    if operator in NEGATED:
        yield f"{operator} turned over", {"!": {"arg": dict(node)}}


def _nodes(node: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    (operator,) = node
    yield path, node
    for side in ("left", "right", "arg"):
        if operator in {*SWAPPED, "!"} and side in node[operator]:
            yield from _nodes(node[operator][side], (*path, operator, side))


def _put(place: int, path: tuple[str, ...], replacement: dict[str, Any]) -> Change:
    def change(policy: dict[str, Any]) -> None:
        if not path:
            policy["conditions"][place]["body"] = replacement
            return
        node = policy["conditions"][place]["body"]
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = replacement

    return change
