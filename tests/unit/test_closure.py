"""The frontier of deletions, against brute force: each point is the best there is at its price."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonnage.closure import Problem, frontier


def freed(problem: Problem, units: set[int]) -> int:
    """Return what a set of units frees: the blobs all of whose holders are in it."""
    return sum(size_bytes for size_bytes, holders in problem.blobs if set(holders) <= units)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """A problem small enough to try everything."""
    count = draw(st.integers(1, 7))
    costs = draw(st.lists(st.sampled_from([0.1, 1, 2, 3.5]), min_size=count, max_size=count))
    holders = st.sets(st.integers(0, count - 1), min_size=1, max_size=min(count, 4)).map(tuple)
    blobs = draw(st.lists(st.tuples(st.integers(0, 1000), holders), max_size=10))
    return Problem(costs, blobs)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(problems())
def test_no_set_beats_a_point_of_the_frontier(problem: Problem) -> None:
    """At the price of a point no set of units has a larger surplus; what it says of itself is true."""
    units = range(len(problem.costs))
    sets = [set(chosen) for size in range(len(problem.costs) + 1) for chosen in combinations(units, size)]
    points = frontier(problem)
    for point in points:
        assert point.freed_bytes == freed(problem, set(point.units))
        assert point.cost == pytest.approx(sum(problem.costs[unit] for unit in point.units))
        if point.price != float("inf"):
            best = max(freed(problem, s) - point.price * sum(problem.costs[unit] for unit in s) for s in sets)
            assert point.freed_bytes - point.price * point.cost == pytest.approx(best, abs=1e-6)
    assert points[-1].freed_bytes == freed(problem, set(units))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(problems())
def test_the_points_are_nested_and_ever_dearer(problem: Problem) -> None:
    """Each set contains the one before; bytes and cost ascend, and the price of a byte rises."""
    points = frontier(problem)
    assert points[0].freed_bytes == 0
    for before, after in pairwise(points):
        assert before.units < after.units
        assert before.freed_bytes < after.freed_bytes
        assert before.price >= after.price


def test_a_set_beats_its_parts() -> None:
    """Two units on one large blob go before a unit with a smaller blob of its own."""
    problem = Problem([1, 1, 1], [(100, (0, 1)), (30, (2,))])
    assert [set(point.units) for point in frontier(problem)] == [set(), {0, 1}, {0, 1, 2}]


def test_up_to_a_goal() -> None:
    """With a goal the frontier ends at the first point that reaches it; or with all, where nothing does."""
    problem = Problem([1, 1, 1], [(100, (0,)), (50, (1,)), (10, (2,))])
    assert frontier(problem, goal_bytes=120)[-1].freed_bytes == 150
    assert frontier(problem, goal_bytes=999)[-1].freed_bytes == 160


def test_large_numbers_stay_exact() -> None:
    """Bytes beyond what a double holds are counted to the byte."""
    size_bytes = 2**53 + 1
    assert frontier(Problem([1, 1], [(size_bytes, (0,)), (1, (1,))]))[-1].freed_bytes == size_bytes + 1


@pytest.mark.parametrize("problem", [Problem([1], [(1, ())]), Problem([1], [(1, (1,))]), Problem([-1], [(1, (0,))])])
def test_what_is_no_problem(problem: Problem) -> None:
    """A blob that nobody holds, a holder there is not, a cost below nothing: refused."""
    with pytest.raises(ValueError):
        frontier(problem)
