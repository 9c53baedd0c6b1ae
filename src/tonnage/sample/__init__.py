"""Sample registries, written to disk by code: the one of `tonnage demo`, and those of the tests."""

from tonnage.sample.builder import Builder, Repository
from tonnage.sample.demo import build_demo
from tonnage.sample.documents import Descriptor

__all__ = ["Builder", "Descriptor", "Repository", "build_demo"]
