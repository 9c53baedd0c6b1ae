"""Which units to delete, to free most for the cost: the frontier of all best choices, and the choice for a goal. Pure.

A *unit* is deleted as a whole, at a cost; a blob is freed only when all units that hold it are gone, so what a set of
units frees is more than the sum of what each frees alone. That is the maximum-weight closure problem, or project
selection. At any price in bytes per unit of cost the set with the largest surplus (bytes freed less price times cost) is a
minimum cut, see `cut`. As the price falls these sets only grow, each one containing the one before (Picard 1976; Gallo,
Grigoriadis and Tarjan 1989): they are the corners of the upper hull of all that is possible in the plane of cost and bytes
freed, and no other set lies above the lines between them. That is what is proven of every point here, to the byte.

The way through all prices is divide and conquer (Eisner and Severance 1976). Take a connected group of units at the price
of the group as a whole. If no part of it has a surplus it is one *step*: all of it is chosen at that price, or nothing.
Else the part with the largest surplus belongs to higher prices, and the rest, with the part taken as gone, to lower ones;
both are smaller problems of the same kind, and fall apart into groups of their own. All steps in the order of their
prices are the frontier. On the images of .NET it has 24,517 points and takes about a second (`bench/closure.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cmp_to_key
from itertools import pairwise
from math import ceil, gcd, inf, isfinite, lcm
from typing import NamedTuple

from tonnage.between import Selection, fill_gap
from tonnage.cut import Network, best_set

type_cost = int | float
