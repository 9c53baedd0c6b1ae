"""The Prometheus exporter: a scrape is served from memory, and never scans.

    files of SQL -> metrics -> families -> exposition (text, OpenMetrics, packed) -> app -> uvicorn

A scan and all that follows from it up to the exposition happens in a child process (`tonnage.rescan`, which joins the
two halves); this room takes what the child hands over, adds what is only known at the moment of the scrape, and serves.
So a scrape waits for no query, and this process stays as small as it was at the start.
"""
