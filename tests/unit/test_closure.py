"""The frontier of deletions, against brute force: each point is the best there is at its price."""

from itertools import combinations, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.graph.python import max_flow

from seeds import seeds
from tonnage.solve.cheapest import Choice, cheapest
from tonnage.solve.closure import Problem, frontier
from tonnage.solve.cut import Network, best_set, cut, cut_by_or_tools

pytestmark = pytest.mark.slow


def all_sets(problem: Problem) -> list[set[int]]:
    """Return all sets of units."""
    units = range(len(problem.costs))
    return [set(chosen) for size in range(len(units) + 1) for chosen in combinations(units, size)]


def cost_of(problem: Problem, units: set[int]) -> float:
    """Return what units cost together."""
    return sum(problem.costs[unit] for unit in units)


def random_problem(rng: Random) -> tuple[Problem, int]:
    """Return a problem of up to eight units and a goal that can be reached."""
    count = rng.randint(1, 8)
    costs = [rng.choice([0.1, 1, 1, 2, 3.5]) for _ in range(count)]
    blobs = [
        (rng.randint(1, 1000), tuple(rng.sample(range(count), rng.randint(1, min(count, 4)))))
        for _ in range(rng.randint(1, 12))
    ]
    problem = Problem(costs, blobs)
    return problem, rng.randint(1, freed(problem, set(range(count))))


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
    sets = all_sets(problem)
    points = frontier(problem)
    for point in points:
        assert point.freed_bytes == freed(problem, set(point.units))
        assert point.cost == pytest.approx(cost_of(problem, set(point.units)))
        if point.price != float("inf"):
            best = max(freed(problem, s) - point.price * cost_of(problem, s) for s in sets)
            assert point.freed_bytes - point.price * point.cost == pytest.approx(best, abs=1e-6)
    assert points[-1].freed_bytes == freed(problem, sets[-1])


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


@settings(max_examples=300, deadline=None, derandomize=True)
@given(problems(), st.integers(1, 4000))
def test_the_choice_for_a_goal_and_its_bound(problem: Problem, goal_bytes: int) -> None:
    """The choice frees the bytes wanted; no set does so for less than the bound, and none for less at all if proven."""
    sets = all_sets(problem)
    reaching = [cost_of(problem, chosen) for chosen in sets if freed(problem, chosen) >= goal_bytes]
    choice = cheapest(problem, goal_bytes).choice
    assert (choice is None) == (not reaching)
    if choice:
        assert goal_bytes <= choice.freed_bytes == freed(problem, set(choice.units))
        assert choice.cost == pytest.approx(cost_of(problem, set(choice.units)))
        assert choice.bound - 1e-9 <= min(reaching) <= choice.cost + 1e-9
        assert choice.is_proven == (choice.bound == choice.cost)


def test_the_search_between_two_points_mostly_finds_the_best() -> None:
    """On random problems: nearly always, where the frontier alone does for three in four."""
    by_frontier = by_search = 0
    for seed in range(400):
        problem, goal_bytes = random_problem(Random(seed))
        best = min(cost_of(problem, s) for s in all_sets(problem) if freed(problem, s) >= goal_bytes)
        answer = cheapest(problem, goal_bytes)
        assert answer.choice
        by_search += answer.choice.cost == pytest.approx(best)
        point = next(point for point in answer.points if point.freed_bytes >= goal_bytes)
        by_frontier += point.cost == pytest.approx(best)
    assert by_search >= 396
    assert by_frontier <= 320


def test_between_two_points() -> None:
    """Two large units are the only point above 10 bytes; for 12 a small unit beside a large one is cheaper, and proven."""
    problem = Problem([2, 2, 1], [(20, (0, 1)), (3, (2,)), (5, (0,)), (5, (1,))])
    answer = cheapest(problem, 8)
    assert answer.choice == Choice(frozenset({0, 2}), 8, 3, 3)
    assert answer.choice.is_proven
    assert [point.cost for point in answer.points] == [0, 4, 5]


def test_a_goal_of_nothing_and_one_out_of_reach() -> None:
    """Nothing is chosen for nothing, and nothing for more than all."""
    problem = Problem([1, 1, 1], [(100, (0,)), (50, (1,)), (10, (2,))])
    assert cheapest(problem, 0).choice == Choice(frozenset(), 0, 0, 0)
    assert cheapest(problem, 161).choice is None


def test_large_numbers_stay_exact() -> None:
    """Bytes beyond what a double holds are counted to the byte."""
    size_bytes = 2**53 + 1
    assert frontier(Problem([1, 1], [(size_bytes, (0,)), (1, (1,))]))[-1].freed_bytes == size_bytes + 1


@pytest.mark.parametrize("problem", [Problem([1], [(1, ())]), Problem([1], [(1, (1,))]), Problem([-1], [(1, (0,))])])
def test_what_is_no_problem(problem: Problem) -> None:
    """A blob that nobody holds, a holder there is not, a cost below nothing: refused."""
    with pytest.raises(ValueError):
        frontier(problem)


@pytest.mark.parametrize("seed", seeds(0, 16))
def test_both_solvers_find_the_same_set(seed: int) -> None:
    """The smallest best set is unique, so that OR-tools and the solver in the house cannot differ in it."""
    rng = Random(seed)
    units_count = rng.randint(2, 60)
    holders = [rng.sample(range(units_count), rng.randint(1, min(5, units_count))) for _ in range(rng.randint(1, 150))]
    sizes = [rng.randint(1, 10**9) for _ in holders]
    limits = [rng.randint(0, 3 * sum(sizes) // units_count) for _ in range(units_count)]
    assert cut_by_or_tools(max_flow, sizes, holders, limits) == cut(sizes, holders, limits)


def test_a_large_network_is_given_to_or_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """From some size on, where the sums fit into its bits; what it answers is what the solver in the house does."""
    rng = Random(1)
    holders = [rng.sample(range(3000), 5) for _ in range(4500)]
    network = Network([rng.randint(1, 1000) for _ in holders], holders, [rng.randint(1, 3) for _ in range(3000)])
    given: list[int] = []
    monkeypatch.setattr("tonnage.solve.cut.cut_by_or_tools", lambda *asked: given.append(1) or cut_by_or_tools(*asked))
    chosen = best_set(network)
    monkeypatch.setattr("tonnage.solve.cut._or_tools", lambda: None)
    assert (given, chosen) == ([1], best_set(network))
