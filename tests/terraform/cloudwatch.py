"""The state that CloudWatch gives an alarm, by its documentation; no local AWS does all of it.

Periods are counted, not timed; a series is the values of each period, the latest last.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """The state of an alarm."""

    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    OK = "OK"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with all its dimensions: CloudWatch never aggregates over them."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


def metric(namespace: str, name: str, **dimensions: str) -> Metric:
    """Return a metric by the names of its dimensions."""
    return Metric(namespace, name, frozenset(dimensions.items()))


# The values of each period.
Values = Sequence[Sequence[float]]
Series = Mapping[Metric, Values]
# A resource as Terraform's plan has it.
Planned = Mapping[str, Any]

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
}
OPERATORS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.GtE: operator.ge,
}


def metrics_of(alarm: Planned) -> dict[str, Metric]:
    """Return the metrics that an alarm reads, by their names in its expression."""
    if alarm["metric_name"]:
        return {"metric": _metric(alarm)}
    return {
        query["id"]: _metric(query["metric"][0])
        for query in alarm["metric_query"]
        if query["metric"]
    }


def state(alarm: Planned, series: Series, before: State = State.INSUFFICIENT_DATA) -> State:
    """Return the state of an alarm at the end of a series."""
    count = int(alarm["evaluation_periods"])
    points = [_point(alarm, series, ago) for ago in reversed(range(count))]
    known = [point for point in points if point is not None]
    if not known and alarm["treat_missing_data"] == "ignore":
        return before
    if not known and alarm["treat_missing_data"] in (None, "missing"):
        return State.INSUFFICIENT_DATA
    compare = COMPARISONS[alarm["comparison_operator"]]
    breaching = sum(compare(point, alarm["threshold"]) for point in known)
    if alarm["treat_missing_data"] == "breaching":
        breaching += count - len(known)
    needed = alarm["datapoints_to_alarm"] or count
    return State.ALARM if breaching >= needed else State.OK


def _metric(read: Planned) -> Metric:
    return metric(read["namespace"], read["metric_name"], **read["dimensions"])


def _point(alarm: Planned, series: Series, ago: int) -> float | None:
    """Return the value that an alarm reads for one period; None without data."""
    metrics = metrics_of(alarm)
    if alarm["metric_name"]:
        stat = alarm["statistic"] or alarm["extended_statistic"]
        return _statistic(stat, _put(series, metrics["metric"], ago))
    stats = {
        query["id"]: query["metric"][0]["stat"]
        for query in alarm["metric_query"]
        if query["metric"]
    }
    known = {id_: _statistic(stats[id_], _put(series, each, ago)) for id_, each in metrics.items()}
    (expression,) = (q["expression"] for q in alarm["metric_query"] if q["return_data"])
    return _calculate(ast.parse(expression, mode="eval").body, known)


def _put(series: Series, wanted: Metric, ago: int) -> Sequence[float]:
    values = series.get(wanted, ())
    return values[-1 - ago] if ago < len(values) else ()


def _statistic(stat: str, values: Sequence[float]) -> float | None:
    if not values:
        return None
    match stat:
        case "Sum":
            return sum(values)
        case "Maximum":
            return max(values)
        case "Average":
            return sum(values) / len(values)
        case "p95":
            rank = 0.95 * (len(values) - 1)
            low, ordered = int(rank), sorted(values)
            above = ordered[min(low + 1, len(values) - 1)]
            return ordered[low] + (rank - low) * (above - ordered[low])
    raise NotImplementedError(stat)


def _calculate(node: ast.expr, known: Mapping[str, float | None]) -> float | None:
    """Evaluate an expression; None if a metric has no data or a divisor is zero."""
    match node:
        case ast.Name(id=name):
            return known[name]
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.BinOp(left=left, op=op, right=right):
            return _join(op, _calculate(left, known), _calculate(right, known))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _join(op, _calculate(left, known), _calculate(right, known))
        case ast.Call(func=ast.Name(id="FILL"), args=[inner, otherwise]):
            found = _calculate(inner, known)
            return _calculate(otherwise, known) if found is None else found
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            return _calculate(then if _calculate(condition, known) else otherwise, known)
    raise NotImplementedError(ast.unparse(node))


def _join(op: ast.AST, left: float | None, right: float | None) -> float | None:
    if left is None or right is None or (isinstance(op, ast.Div) and right == 0):
        return None
    return OPERATORS[type(op)](left, right)
