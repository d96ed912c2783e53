"""Cedar's JSON policies as Z3 formulas over one request of any kind.

A subset translator that RAISES on every key, node, operator, attribute and name it does not know: what it does
not understand, nobody proves.  The subset cannot fail while evaluated (no arithmetic, no optional attribute, no
``has``), so "an erroring forbid is skipped" has no case here; entities have no parents, so ``in`` is equality.
Sources: Cedar policy language, JSON policy format; evaluation: permit if a permit holds and no forbid does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import z3

from proofs.schema import ASKER, Schema

Formula = Any
"""A Z3 boolean; the package ships no types."""

OTHER: Final = "-other-"
"""A role and an action beyond the closed lists: what holds for all requests holds for these too."""

_POLICY_KEYS: Final = {"effect", "principal", "action", "resource", "conditions", "annotations"}


class UnknownNodeError(ValueError):
    """The policies use something that the translation does not know."""


@dataclass(frozen=True, slots=True)
class Request:
    """Any request: each attribute, the action and the resource as a Z3 constant."""

    schema: Schema
    context: z3.Context = field(repr=False)
    action: Formula
    resource: Formula
    flags: Mapping[str, Formula]
    enums: Mapping[str, Formula]
    sets: Mapping[str, Formula]  # arrays from resource to bool
    names: Mapping[tuple[str, str], Formula]  # (entity type, member) -> value; resources share one sort
    kinds: Mapping[str, Formula]  # entity type -> the resource is of it

    def no(self) -> Formula:
        """Return the formula that never holds."""
        return z3.BoolVal(False, self.context)

    def any_of(self, formulas: list[Formula]) -> Formula:
        """Return the disjunction, of none too."""
        return z3.Or(self.no(), *formulas)

    def is_a(self, type_name: str) -> Formula:
        """Return whether the resource is of this entity type."""
        if type_name not in self.kinds:
            raise UnknownNodeError(f"entity type {type_name}")
        return self.kinds[type_name]

    def name(self, type_name: str, member: str) -> Formula:
        """Return one member of a closed list."""
        if (type_name, member) not in self.names:
            raise UnknownNodeError(f'{type_name}::"{member}"')
        return self.names[type_name, member]


def any_request(schema: Schema) -> Request:
    """Make a request about which nothing is known but the schema, in a Z3 context of its own."""
    context = z3.Context()
    names: dict[tuple[str, str], Formula] = {}

    def sort(name: str, pairs: list[tuple[str, str]]) -> Any:  # noqa: ANN401 - Z3 ships no types
        made, values = z3.EnumSort(name, [f"{kind}::{member}" for kind, member in pairs], ctx=context)
        names.update(zip(pairs, values, strict=True))
        return made

    actions = sort("Action", [("Action", one) for one in (*schema.actions, OTHER)])
    resources = sort("Resource", [(kind, one) for kind in schema.resources for one in schema.enums[kind]])
    sorts = {
        kind: sort(kind, [(kind, one) for one in (*schema.enums[kind], OTHER)])
        for kind in sorted(set(schema.enum_attributes.values()))
    }
    resource = z3.Const("resource", resources)
    return Request(
        schema,
        context,
        z3.Const("action", actions),
        resource,
        {flag: z3.Bool(flag, context) for flag in schema.flags},
        {attribute: z3.Const(attribute, sorts[kind]) for attribute, kind in schema.enum_attributes.items()},
        {name: z3.Array(name, resources, z3.BoolSort(context)) for name in schema.set_attributes},
        names,
        {kind: z3.Or(*(resource == names[kind, one] for one in schema.enums[kind])) for kind in schema.resources},
    )


@dataclass(frozen=True, slots=True)
class Translation:
    """A policy set over one request: when each policy holds, and when the request is permitted."""

    request: Request
    permits: Mapping[str, Formula]
    forbids: Mapping[str, Formula]
    allowed: Formula


def translate(policies_json: str, request: Request) -> Translation:
    """Translate a policy set of Cedar's JSON form; raises UnknownNodeError for what it does not know."""
    document = json.loads(policies_json)
    if document.keys() - {"staticPolicies", "templates", "templateLinks"}:
        raise UnknownNodeError(f"keys {sorted(document)}")
    if document.get("templates") or document.get("templateLinks"):
        raise UnknownNodeError("templates")
    effects: dict[str, dict[str, Formula]] = {"permit": {}, "forbid": {}}
    for identity, policy in document["staticPolicies"].items():
        if policy.keys() - _POLICY_KEYS or policy["effect"] not in effects:
            raise UnknownNodeError(f"policy {identity}: {sorted(policy)}")
        effects[policy["effect"]][identity] = _policy(policy, request)
    permits, forbids = effects["permit"], effects["forbid"]
    allowed = z3.And(request.any_of(list(permits.values())), z3.Not(request.any_of(list(forbids.values()))))
    return Translation(request, permits, forbids, allowed)


def _policy(policy: Mapping[str, Any], request: Request) -> Formula:
    parts = [_principal(policy["principal"], request), _action(policy["action"], request)]
    parts.append(_resource(policy["resource"], request))
    for condition in policy["conditions"]:
        if condition.keys() != {"kind", "body"} or condition["kind"] not in {"when", "unless"}:
            raise UnknownNodeError(f"condition {sorted(condition)}")
        body = _truth(condition["body"], request)
        parts.append(body if condition["kind"] == "when" else z3.Not(body))
    return z3.And(*parts)


def _principal(scope: Mapping[str, Any], request: Request) -> Formula:
    match scope:
        case {"op": "All", **rest} if not rest:
            return z3.Not(request.no())
    raise UnknownNodeError(f"principal {scope}")


def _action(scope: Mapping[str, Any], request: Request) -> Formula:
    match scope:
        case {"op": "All", **rest} if not rest:
            return z3.Not(request.no())
        case {"op": "==", "entity": entity, **rest} if not rest:
            return request.action == _entity(entity, request)
        case {"op": "in", "entities": list(entities), **rest} if not rest:
            return request.any_of([request.action == _entity(one, request) for one in entities])
    raise UnknownNodeError(f"action {scope}")


def _resource(scope: Mapping[str, Any], request: Request) -> Formula:
    match scope:
        case {"op": "All", **rest} if not rest:
            return z3.Not(request.no())
        case {"op": "is", "entity_type": kind, **rest} if not rest:
            return request.is_a(kind)
        case {"op": "==", "entity": entity, **rest} if not rest:
            return request.resource == _entity(entity, request)
    raise UnknownNodeError(f"resource {scope}")


def _truth(node: Mapping[str, Any], request: Request) -> Formula:  # noqa: PLR0911 - one line for each operator
    """Translate a node that is true or false."""
    if len(node) != 1:
        raise UnknownNodeError(f"node {sorted(node)}")
    match node:
        case {"&&": {"left": left, "right": right, **rest}} if not rest:
            return z3.And(_truth(left, request), _truth(right, request))
        case {"||": {"left": left, "right": right, **rest}} if not rest:
            return z3.Or(_truth(left, request), _truth(right, request))
        case {"!": {"arg": argument, **rest}} if not rest:
            return z3.Not(_truth(argument, request))
        case {"==": {"left": left, "right": right, **rest}} if not rest:
            return _equal(_value(left, request), _value(right, request))
        case {"!=": {"left": left, "right": right, **rest}} if not rest:
            return z3.Not(_equal(_value(left, request), _value(right, request)))
        case {"in": {"left": left, "right": {"Set": list(members)}, **rest}} if not rest:
            value = _value(left, request)
            return request.any_of([_equal(value, _value(member, request)) for member in members])
        case {"is": {"left": {"Var": "resource"}, "entity_type": kind, **rest}} if not rest:
            return request.is_a(kind)
        case {
            "contains": {
                "left": {".": {"left": {"Var": "principal"}, "attr": name, **inner}},
                "right": {"Var": "resource"},
                **rest,
            }
        } if not rest and not inner and name in request.sets:
            of_its_type = request.is_a(request.schema.set_attributes[name])
            return z3.And(of_its_type, z3.Select(request.sets[name], request.resource))
        case {".": {"left": {"Var": "principal"}, "attr": name, **rest}} if not rest and name in request.flags:
            return request.flags[name]
    raise UnknownNodeError(f"node {json.dumps(node)[:120]}")


def _value(node: Mapping[str, Any], request: Request) -> Formula:
    """Translate a node that is an entity."""
    match node:
        case {"Var": "action", **rest} if not rest:
            return request.action
        case {"Var": "resource", **rest} if not rest:
            return request.resource
        case {"Value": {"__entity": entity, **inner}, **rest} if not rest and not inner:
            return _entity(entity, request)
        case {".": {"left": {"Var": "principal"}, "attr": name, **inner}, **rest} if (
            not rest and not inner and name in request.enums
        ):
            return request.enums[name]
    raise UnknownNodeError(f"value {json.dumps(node)[:120]}")


def _entity(entity: Mapping[str, Any], request: Request) -> Formula:
    if entity.keys() != {"type", "id"} or entity["type"] == ASKER:
        raise UnknownNodeError(f"entity {entity}")
    return request.name(entity["type"], entity["id"])


def _equal(left: Formula, right: Formula) -> Formula:
    if left.sort() != right.sort():
        raise UnknownNodeError("a comparison of two kinds that can never be equal")
    return left == right
