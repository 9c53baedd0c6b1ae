"""What fills a container registry's disk, who holds it, and what would really be freed."""

__version__ = "0.1.0"
