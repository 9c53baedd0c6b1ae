"""The cheapest deletions by minimum cut, beside the two rankings a person would try, on the images of a real publisher.

    python bench/closure.py FOLDER            a folder with manifests.csv.gz, layers.csv.gz and manifest_layers.csv.gz
    python bench/closure.py FOLDER --free 2TB --free 5TB      goals of your own

The data: https://github.com/dotnet/versions records every image Microsoft publishes for .NET, with its layers; the
columns read here are manifest_id and kind, layer_id and size, manifest_id and layer_id. Every image costs one, indexes
are left aside. Each way goes on until it has freed the bytes.

minimum cut         what `tonnage plan --free` takes; "at least" is what is proven that nothing can go below
exclusive, greedy   again and again the image that alone frees most, now that the ones before it are gone
largest first       images by the bytes they need, as `du` would have it

Without --free the goals are what 428, 9,352 and 15,882 images free on the frontier.
"""

import argparse
import csv
import gzip
import heapq
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tonnage.sizes import parse_size
from tonnage.solve import cut
from tonnage.solve.cheapest import cheapest
from tonnage.solve.closure import Problem, frontier

POINTS = (428, 9_352, 15_882)
"""Points of the frontier, by their images, that the goals are taken from."""


class Images(NamedTuple):
    """Images numbered from 0, each with its layers; layers with their bytes and holders."""

    layers_of: list[list[int]]
    sizes: list[int]
    holders: list[list[int]]


def read_images(folder: Path) -> Images:
    """Return the images of the data set."""
    numbers = {
        row["manifest_id"]: n
        for n, row in enumerate(r for r in _rows(folder / "manifests.csv.gz") if r["kind"] == "image")
    }
    layers = {row["layer_id"]: n for n, row in enumerate(_rows(folder / "layers.csv.gz"))}
    sizes = [int(row["size"]) for row in _rows(folder / "layers.csv.gz")]
    held: list[set[int]] = [set() for _ in sizes]
    for row in _rows(folder / "manifest_layers.csv.gz"):
        if row["manifest_id"] in numbers:
            held[layers[row["layer_id"]]].add(numbers[row["manifest_id"]])
    layers_of: list[list[int]] = [[] for _ in numbers]
    for layer, images in enumerate(held):
        for image in images:
            layers_of[image].append(layer)
    return Images(layers_of, sizes, [sorted(images) for images in held])


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def largest_first(images: Images) -> Iterator[int]:
    """Yield the bytes that each deletion frees, the image with the most bytes first."""
    left = [len(holders) for holders in images.holders]
    totals = [sum(images.sizes[layer] for layer in layers) for layers in images.layers_of]
    for image in sorted(range(len(totals)), key=lambda image: -totals[image]):
        yield _delete(images, left, image)


def exclusive_greedy(images: Images) -> Iterator[int]:
    """Yield the bytes that each deletion frees, the image that frees most at that moment first."""
    left = [len(holders) for holders in images.holders]
    gone = [False] * len(images.layers_of)
    alone = [sum(images.sizes[layer] for layer in layers if left[layer] == 1) for layers in images.layers_of]
    queue = [(-size_bytes, image) for image, size_bytes in enumerate(alone)]
    heapq.heapify(queue)
    while queue:
        size_bytes, image = heapq.heappop(queue)
        if gone[image] or -size_bytes != alone[image]:
            continue
        gone[image] = True
        yield _delete(images, left, image)
        for layer in images.layers_of[image]:
            if left[layer] == 1:
                last = next(other for other in images.holders[layer] if not gone[other])
                alone[last] += images.sizes[layer]
                heapq.heappush(queue, (-alone[last], last))


def _delete(images: Images, left: list[int], image: int) -> int:
    freed_bytes = 0
    for layer in images.layers_of[image]:
        left[layer] -= 1
        freed_bytes += 0 if left[layer] else images.sizes[layer]
    return freed_bytes


def counts_for(steps: Iterator[int], goals: list[int]) -> dict[int, int]:
    """Return how many deletions it takes to free each goal."""
    found: dict[int, int] = {}
    freed_bytes = 0
    for count, step_bytes in enumerate(steps, 1):
        freed_bytes += step_bytes
        found.update({goal: count for goal in goals if goal not in found and freed_bytes >= goal})
    return found


def problem_of(images: Images) -> Problem:
    """Return what is put before the solver: layers that some image holds, each image at a cost of 1."""
    held = [(size, holders) for size, holders in zip(images.sizes, images.holders, strict=True) if holders]
    return Problem([1] * len(images.layers_of), held)


def seconds_a_price(images: Images) -> float:
    """Return the seconds of one minimum cut over all images at once, at the price of all bytes for all images."""
    blobs: dict[tuple[int, ...], int] = {}
    for size_bytes, holders in zip(images.sizes, images.holders, strict=True):
        if holders:
            blobs[tuple(holders)] = blobs.get(tuple(holders), 0) + size_bytes
    network = cut.Network(list(blobs.values()), list(blobs), [1] * len(images.layers_of))
    started = time.monotonic()
    cut.best_set(network)
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--free", action="append", metavar="SIZE", help="bytes wanted, such as 2TB")
    arguments = parser.parse_args()
    images = read_images(arguments.folder)
    problem = problem_of(images)
    started = time.monotonic()
    points = frontier(problem)
    seconds = time.monotonic() - started
    print(f"{len(images.layers_of):,} images, {len(problem.blobs):,} layers, {points[-1].freed_bytes / 1e12:.3f} TB")
    print(f"{len(points):,} points of the frontier in {seconds:.1f} s; one cut {seconds_a_price(images):.2f} s\n")
    on_frontier = [max(point.freed_bytes for point in points if point.cost <= count) for count in POINTS]
    goals = [parse_size(text) for text in arguments.free] if arguments.free else on_frontier
    show(images, problem, goals)


def show(images: Images, problem: Problem, goals: list[int]) -> None:
    """Print how many images go for each goal, the ways side by side."""
    rankings = [counts_for(steps(images), goals) for steps in (exclusive_greedy, largest_first)]
    print("| Freed | Minimum cut | At least | Exclusive, greedy | Largest first | Seconds |\n|---|---|---|---|---|---|")
    for goal in goals:
        started = time.monotonic()
        choice = cheapest(problem, goal).choice
        seconds = time.monotonic() - started
        if choice is None:
            raise SystemExit(f"all images together do not free {goal:,} bytes")
        counts = [choice.cost, choice.bound, *(counts[goal] for counts in rankings)]
        print(f"| {goal / 1e12:.3f} TB | {' | '.join(f'{count:,}' for count in counts)} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
