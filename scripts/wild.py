"""Measures the bus on contracts that nobody here wrote: `python -m scripts.wild FOLDER… [--json FILE] [--only TEXT]`.

Every WSDL below the folders goes through `lgsp new`, is loaded with its generated simulator, and has every operation called by
REST, by SOAP and by a plain zeep client that knows nothing but the WSDL that the bus serves; all in memory, each in a process
of its own with bounds on time and memory. Printed: what was refused and why, what did not agree, and the acceptance rate by
distinct target namespace among the literal SOAP documents that zeep itself loads offline. OpenAPI 3 documents below the
folders go the same way, with the WSDL that is generated for them as what zeep knows; each is a namespace of its own.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SYSTEM = "he-thong-la"
"""Hệ thống lạ, "a strange system"."""
SECONDS = 180
TEXTS = (".json", ".yaml", ".yml")
MEMORY = 1200 << 20
ROOT = re.compile(rb"<[\w.-]*:?definitions\b[^>]*schemas\.xmlsoap\.org/wsdl/")
OPENAPI = re.compile(rb"""^[\s{]*["']?openapi["']?\s*:\s*["']?3\.""", re.MULTILINE)


@dataclass
class Result:
    """What came of one file."""

    file: str
    namespace: str = ""
    kind: str = ""
    """literal, encoded, no-soap, or openapi."""
    zeep: str = ""
    """ "ok", or why zeep does not load it offline."""
    accepted: bool = False
    seconds: float = 0.0
    memory_mb: int = 0
    findings: list[str] = field(default_factory=list)
    operations: int = 0
    agreed: int = 0
    """REST and SOAP gave the same data."""
    zeep_agreed: int = 0
    beyond: list[str] = field(default_factory=list)
    """Operations that zeep cannot be asked, and the construct why."""
    problems: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(asdict(one(given.folder[0]))))
        return
    files = [path for path in documents(given.folder) if given.only in str(path)]
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        results = list(pool.map(apart, files))
    report(results)
    if given.json:
        given.json.write_text(json.dumps([asdict(each) for each in results], indent=1, ensure_ascii=False), "utf-8")


def documents(folders: list[Path]) -> list[Path]:
    """Every WSDL with a binding and every OpenAPI document below the folders; the same bytes once."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = path.name.lower()
            if not path.is_file() or not ("wsdl" in name or name.endswith((".xml", *TEXTS))):
                continue
            raw = path.read_bytes()
            wsdl = ROOT.search(raw[:20_000]) is not None and b"binding" in raw
            if wsdl or (name.endswith(TEXTS) and OPENAPI.search(raw[:20_000])):
                found.setdefault(hashlib.sha256(raw).hexdigest(), path)
    return list(found.values())


def apart(path: Path) -> Result:
    """One file in a process of its own."""
    name = str(path)

    def limits() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))

    try:
        done = subprocess.run(
            [sys.executable, "-m", "scripts.wild", "--one", str(path)],
            capture_output=True, text=True, timeout=SECONDS, check=False, preexec_fn=limits,
            env={**os.environ, "no_proxy": "*"},
        )  # fmt: skip
        if done.returncode:
            return Result(
                name, problems=[f"crash: {(done.stderr.strip().splitlines() or [str(done.returncode)])[-1][:300]}"]
            )
        found = Result(**json.loads(done.stdout.splitlines()[-1]))
    except subprocess.TimeoutExpired:
        return Result(name, problems=["hang"])
    except (ValueError, IndexError) as error:
        return Result(name, problems=[f"crash: {error}"])
    found.file = name
    return found


def one(path: Path) -> Result:
    from lgsp.cli.bounded import Overrun, bounded
    from lgsp.scaffold import draft, write

    raw = path.read_bytes()
    openapi = path.suffix.lower() in TEXTS
    found = Result(str(path), str(path) if openapi else _namespace(raw), "openapi" if openapi else _kind(raw))
    began = time.perf_counter()

    def work() -> bytes:
        made = draft(
            SYSTEM, path, "openapi" if openapi else "wsdl", date(2026, 1, 1), enough=lambda: time.process_time() > 3.5
        )
        files = {place: each.decode("latin-1") for place, each in made.files.items()}
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return json.dumps([made.as_json()["findings"], files, used]).encode()

    try:
        findings, files, found.memory_mb = json.loads(bounded(work))
        found.findings = [f"{each['file']}:{each['line']}: {each['construct']}: {each['text']}" for each in findings]
    except Overrun as error:
        files, found.findings = {}, [str(error)]
    found.seconds = round(time.perf_counter() - began, 2)
    found.accepted = not found.findings
    found.zeep = "" if openapi else _zeep_loads(path)
    if found.accepted:
        with tempfile.TemporaryDirectory(prefix="lgsp-wild-") as home:
            write({place: each.encode("latin-1") for place, each in files.items()}, Path(home))
            try:
                _called(Path(home), found)
            except Exception as error:  # noqa: BLE001  the report is what we are here for
                found.problems.append(f"load: {type(error).__name__}: {str(error)[:300]}")
    return found


def _namespace(raw: bytes) -> str:
    head = re.search(rb"<[\w.-]*:?definitions\b.*?>", raw, re.DOTALL)
    said = re.search(rb"""targetNamespace\s*=\s*["']([^"']*)""", head[0] if head else raw)
    return said[1].decode("utf-8", "replace") if said else ""


def _kind(raw: bytes) -> str:
    if not re.search(rb"schemas\.xmlsoap\.org/wsdl/soap(12)?/", raw) or b"binding" not in raw:
        return "no-soap"
    return "encoded" if re.search(rb"""\buse\s*=\s*["']encoded["']""", raw) else "literal"


def _zeep_loads(path: Path) -> str:
    import zeep
    from zeep.transports import Transport

    class Offline(Transport):
        """Local files, no network."""

        def load(self, url: str) -> bytes:
            if urlsplit(url).scheme in ("http", "https"):
                raise OSError(f"offline: {url}")
            return bytes(Transport.load(self, url))

    try:
        client = zeep.Client(str(path), transport=Offline())  # type: ignore[no-untyped-call]
        operations = [
            operation
            for binding in client.wsdl.bindings.values()
            for operation in binding._operations  # noqa: SLF001  zeep has no other way
        ]
    except Exception as error:  # noqa: BLE001  whatever it dislikes
        return f"{type(error).__name__}: {str(error)[:160]}"
    return "ok" if operations else "no operation"


def _called(home: Path, found: Result) -> None:
    from lgsp.simulate import Loaded, Province, tell

    loaded = Loaded.read([home], built_in=False)
    found.operations = len(loaded.registry.connectors[SYSTEM].operations)

    async def story(province: Province) -> None:
        from lgsp.adapters import soap
        from lgsp.model import HttpResponse
        from lgsp.standard import same
        from scripts.wild_zeep import Client, served

        key = province.secrets["mot-cua"].api_key
        contract = loaded.registry.connectors[SYSTEM].public
        client = Client(province, SYSTEM, await served(province, SYSTEM))
        for example in province.simulator.admin.examples():
            operation = contract.operations[example["operation"]]
            rest = await province.call(SYSTEM, operation.name, example["request"])
            if rest.code != example["expect"]:
                found.problems.append(f"{operation.name}: REST {rest.code} {str(rest.data)[:300]}")
                continue
            if example["expect"] != "ok":
                continue
            version = "1.1" if "1.1" in operation.soap.versions else "1.2"
            sent = soap.encode_request(operation, example["request"], version, target=f"/soap/{SYSTEM}/v1")  # type: ignore[arg-type]
            reply = await province.send("POST", sent.target, {**sent.headers, "x-api-key": key}, bytes(sent.body))  # type: ignore[arg-type]
            try:
                answer = soap.decode_response(operation, HttpResponse(reply.status, reply.headers, reply.body))
            except Exception as error:  # noqa: BLE001
                found.problems.append(
                    f"{operation.name}: SOAP {reply.status} {type(error).__name__} {reply.body[-300:]!r}"
                )
                continue
            if not same(answer, rest.data or {}):
                found.problems.append(f"{operation.name}: SOAP differs from REST")
                continue
            found.agreed += 1
            if said := await client.differs(operation, example["request"], rest.data or {}, key):
                (found.beyond if said.strange else found.problems).append(f"{operation.name}: {said}")
            else:
                found.zeep_agreed += 1
        found.problems += [f"simulator: {each}" for each in province.simulator.defects]

    tell(story, loaded=loaded, size=50)


def report(results: list[Result]) -> None:
    for each in results:
        state = "accepted" if each.accepted else "REFUSED"
        counts = f"{each.agreed}/{each.operations} REST=SOAP, {each.zeep_agreed} zeep" if each.accepted else ""
        print(
            f"{state:9} {each.kind:8} zeep:{each.zeep[:40]:40} {each.seconds:5.2f}s {each.memory_mb}MB {each.file} {counts}"
        )
        for said in (each.findings[:4] if each.zeep == "ok" or each.kind == "literal" else []) + each.problems[:4]:
            print(f"            {said[:400]}")
    wanted = [each for each in results if each.kind == "literal" and each.zeep == "ok"]
    _rate("accepted, of literal SOAP that zeep loads offline", wanted, lambda each: each.accepted)
    _rate(
        "… and every operation called, REST = SOAP",
        wanted,
        lambda each: each.accepted and each.agreed == each.operations,
    )
    _rate("… and zeep gets the same (or cannot be asked)", wanted, _whole)
    other = [each for each in results if each.kind == "literal" and each.zeep != "ok"]
    _rate("accepted, of literal SOAP that zeep does not load", other, lambda each: each.accepted)
    openapi = [each for each in results if each.kind == "openapi"]
    _rate("accepted, of OpenAPI 3", openapi, lambda each: each.accepted)
    _rate(
        "… and every operation called, REST = SOAP",
        openapi,
        lambda each: each.accepted and each.agreed == each.operations,
    )
    _rate("… and zeep gets the same (or cannot be asked)", openapi, _whole)
    seconds = sorted(each.seconds for each in results)
    if seconds:
        print(f"slowest {seconds[-1]} s, largest {max(each.memory_mb for each in results)} MB")
    crashed = [each.file for each in results if any(p.startswith(("hang", "crash")) for p in each.problems)]
    print(f"crashes and hangs: {len(crashed)} {crashed[:10]}")


def _whole(each: Result) -> bool:
    return each.accepted and not each.problems and each.zeep_agreed + len(each.beyond) >= each.operations


def _rate(title: str, results: list[Result], good: Any) -> None:
    spaces: dict[str, list[bool]] = collections.defaultdict(list)
    for each in results:
        spaces[each.namespace].append(good(each))
    share = sum(sum(found) / len(found) for found in spaces.values())
    print(f"{title}: {share:.1f} of {len(spaces)} namespaces ({100 * share / max(1, len(spaces)):.1f} %), "
          f"{sum(good(each) for each in results)} of {len(results)} files")  # fmt: skip


if __name__ == "__main__":
    main()
