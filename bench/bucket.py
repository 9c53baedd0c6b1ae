"""How long the listing of a bucket takes beside obstore's own, and how much memory the scan of it.

    python bench/bucket.py [--keys 200000] [--latency 0]

The bucket is a made-up one in a process of its own, which answers ListObjectsV2 from memory; with a latency in ms it
answers like a cloud that is far away. Its registry is a third blobs and two thirds layer links in 200 repositories.
"""

import argparse
import bisect
import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Process, Queue
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = "docker/registry/v2"
PAGE = 1000


def make_keys(count: int) -> Iterator[tuple[str, int, str]]:
    """Yield key, size and ETag."""
    chance = random.Random(1)
    for _ in range(count // 3):
        digest = f"{chance.getrandbits(256):064x}"
        yield f"{ROOT}/blobs/sha256/{digest[:2]}/{digest}/data", chance.randrange(10**8), digest[:32]
        for _ in range(2):
            repository = f"team{chance.randrange(20):02}/app{chance.randrange(10)}"
            etag = md5(f"sha256:{digest}".encode()).hexdigest()
            yield f"{ROOT}/repositories/{repository}/_layers/sha256/{digest}/link", 71, etag


def serve(count: int, latency_ms: float, ready: "Queue[int]") -> None:
    """Answer listings of the bucket until killed."""
    objects = sorted(set(make_keys(count)))
    keys = [key for key, _, _ in objects]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            prefix = query.get("prefix", "")
            time.sleep(latency_ms / 1000)
            body = (_folders(prefix) if "delimiter" in query else _page(query, prefix)).encode()
            self.send_response(200 if "list-type" in query else 501)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    def _page(query: dict[str, str], prefix: str) -> str:
        after = query.get("continuation-token") or query.get("start-after", "")
        start = bisect.bisect_right(keys, max(after, prefix))
        end = min(start + PAGE, bisect.bisect_left(keys, prefix + "\uffff"))
        contents = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f'<ETag>"{etag}"</ETag><Size>{size}</Size></Contents>'
            for key, size, etag in objects[start:end]
        )
        more = end < bisect.bisect_left(keys, prefix + "\uffff")
        token = f"<NextContinuationToken>{keys[end - 1]}</NextContinuationToken>" if more else ""
        return f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{contents}{token}</ListBucketResult>"

    def _folders(prefix: str) -> str:
        names, at = [], bisect.bisect_left(keys, prefix)
        while at < len(keys) and keys[at].startswith(prefix):
            names.append(prefix + keys[at][len(prefix) :].partition("/")[0] + "/")
            at = bisect.bisect_left(keys, names[-1] + "\uffff")  # as a store does: by a step, and not by reading all
        common = "".join(f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>" for name in names)
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{common}</ListBucketResult>"

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.put(server.server_address[1])
    server.serve_forever()


def measure(port: int) -> None:
    """List with obstore alone, then as a scan does, then scan; say what each took."""
    from obstore.store import S3Store

    from tonnage.scan.run import scan
    from tonnage.storage import Part
    from tonnage.storage.bucket.options import BucketOptions
    from tonnage.storage.bucket.storage import open_bucket

    endpoint = f"http://127.0.0.1:{port}"
    store = S3Store("bench", config={"endpoint": endpoint, "region": "us-east-1"}, client_options={"allow_http": True})
    started = time.perf_counter()
    count = sum(batch.num_rows for batch in store.list(ROOT, chunk_size=PAGE, return_arrow=True))
    bare = time.perf_counter() - started
    print(f"obstore alone  {bare:6.2f} s  {count:,} keys, {-(-count // PAGE)} LISTs")

    storage = open_bucket("s3://bench", BucketOptions(endpoint=endpoint))
    started = time.perf_counter()
    found = sum(len(part.keys.paths) for part in storage.parts() if isinstance(part, Part) and part.keys)
    ours = time.perf_counter() - started
    print(
        f"in parts       {ours:6.2f} s  {ours / bare:.2f} x, {found:,} keys, {storage.counter.sent.lists_count} LISTs"
    )

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as folder:
        storage = open_bucket("s3://bench", BucketOptions(endpoint=endpoint))
        started = time.perf_counter()
        scan(storage, str(Path(folder) / "i.duckdb"))
        whole = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"whole scan     {whole:6.2f} s  {whole / bare:.2f} x, peak {peak:.0f} MB ({before:.0f} before)")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=200_000)
    parser.add_argument("--latency", type=float, default=0.0, help="ms before each answer")
    options = parser.parse_args()
    os.environ |= {"AWS_ACCESS_KEY_ID": "A" * 20, "AWS_SECRET_ACCESS_KEY": "a" * 40}
    ready: Queue[int] = Queue()
    server = Process(target=serve, args=(options.keys, options.latency, ready), daemon=True)
    server.start()
    try:
        measure(ready.get())
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
