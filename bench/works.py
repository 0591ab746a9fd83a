"""What is compared: each work with ours and its peers, everything started and proved with one call."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.request import Request, urlopen

from bench.load import Ask
from bench.packages import installed
from bench.peers import FIELDS
from bench.rig import CONTENDERS_CORE, LOAD_CORE, ROOT, Rig, fetch, free_port, once, wait
from bench.wiremock import WIREMOCK, wiremock

KB_OF_A_PERSON = 1.5
"""Of the ministry's XML; larger answers are more people."""


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    ask: Ask
    process: subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Work:
    """One comparison: ours against each peer. `people` is how many the ministry's SOAP answer holds."""

    name: str
    ours: Contender
    peers: tuple[Contender, ...]
    people: int = 1


@dataclass(frozen=True, slots=True)
class House:
    """Our gateway with everything on, and the ministry that costs nothing."""

    stage: Rig
    gateway: subprocess.Popen[bytes]
    url: str
    ministry: str
    simulator: str
    key: str
    examples: list[dict[str, Any]]

    def example(self, operation: str, *fields: str) -> dict[str, Any]:
        return next(
            each for each in self.examples
            if each["operation"] == operation and each["expect"] == "ok" and set(fields) in (set(), set(each["request"]))
        )  # fmt: skip

    def ours(self, example: dict[str, Any], name: str) -> Contender:
        path = f"{self.url}/api/{example['system']}/{example['version']}/{example['operation']}"
        headers = {"Content-Type": "application/json", "X-API-Key": self.key, **example.get("headers", {})}
        return Contender(name, Ask(path, headers, json.dumps(example["request"]).encode()), self.gateway)

    def asked_by(self, contender: Contender, mark: str) -> dict[str, Any]:
        """The ministry's own call that one call of this contender leads to; `mark` tells it from probes."""
        fetch(f"{self.ministry}/_bench/learn/{mark}")
        once(contender.ask)
        for each in reversed(fetch(f"{self.ministry}/_bench/asked")):
            if mark in each["target"] or mark.encode() in base64.b64decode(each["body"]):
                return dict(each)
        raise RuntimeError(f"the ministry was not asked for {mark}")

    def peer(self, name: str, target: str, wsdl: str, body: bytes, proof: str) -> Contender:
        """`proof` is a word of the right answer: a contender that answers something else has no figure."""
        port = free_port()
        process = self.stage.start("bench.peers", name, str(port), self.ministry + target, wsdl, core=CONTENDERS_CORE)
        return _proved(Contender(name, Ask(f"http://127.0.0.1:{port}/", _JSON, body), process), proof)

    def node(self, name: str, body: bytes, proof: str, *arguments: str) -> Contender:
        """A program of `bench/node`, its packages from npm."""
        port, modules = free_port(), installed(*NODE_PACKAGES)
        process = self.stage.execute(
            "node", str(ROOT / "bench" / "node" / f"{name}.cjs"), str(port), *arguments,
            core=CONTENDERS_CORE, env={"NODE_PATH": str(modules), "NODE_ENV": "production"},
        )  # fmt: skip
        return _proved(Contender(f"node {name}", Ask(f"http://127.0.0.1:{port}/", _JSON, body), process), proof)

    def caddy(self, target: str, body: bytes, proof: str) -> Contender:
        """No administration, no certificates, one thread: the rest as it comes."""
        port, file = free_port(), self.stage.folder / "Caddyfile"
        file.write_text(
            "{\n  admin off\n  auto_https off\n}\n"
            f"http://127.0.0.1:{port} {{\n  rewrite * {target}\n"
            f"  reverse_proxy {self.ministry.removeprefix('http://')}\n}}\n",
            "utf-8",
        )
        process = self.stage.execute(
            "caddy", "run", "--config", str(file), "--adapter", "caddyfile",
            core=CONTENDERS_CORE, env={"GOMAXPROCS": "1", "HOME": str(self.stage.folder)},
        )  # fmt: skip
        return _proved(Contender("caddy", Ask(f"http://127.0.0.1:{port}/", _JSON, body), process), proof)

    def wiremock(self, target: str, body: bytes, proof: str) -> Contender:
        """One stub that passes on; without a journal and a request log, as its documentation advises for load."""
        url, process = wiremock(self.stage)
        stub = {"request": {"method": "POST"}, "response": {"proxyBaseUrl": self.ministry}}
        with urlopen(Request(f"{url}/__admin/mappings", json.dumps(stub).encode(), method="POST"), timeout=10):  # noqa: S310
            return _proved(Contender("wiremock", Ask(url + target, _JSON, body), process), proof)

    def nginx(self, target: str, body: bytes, proof: str) -> Contender:
        """One worker, upstream connections kept, no access log: as its own documentation tunes a proxy."""
        port, folder = free_port(), self.stage.folder / "nginx"
        folder.mkdir()
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;\n"
            "events { worker_connections 1024; }\n"
            f"http {{ access_log off; keepalive_requests 1000000000; {temporary}\n"
            f"  upstream ministry {{ server {self.ministry.removeprefix('http://')}; keepalive 64; }}\n"
            f"  server {{ listen 127.0.0.1:{port}; location / {{\n"
            '    proxy_http_version 1.1; proxy_set_header Connection "";\n'
            f"    proxy_pass http://ministry{target};\n"
            "} } }\n",
            "utf-8",
        )
        process = self.stage.execute(
            "nginx", "-p", str(folder), "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf"),
            core=CONTENDERS_CORE,
        )  # fmt: skip
        return _proved(Contender("nginx", Ask(f"http://127.0.0.1:{port}/", _JSON, body), process), proof)


_JSON = {"Content-Type": "application/json"}
NODE_PACKAGES = ("fastify@5.12.8", "@fastify/http-proxy@11.6.3", "soap@1.13.0")
PARTS = ("soap", "rest")
"""A long run can be made in pieces: one for each side that a ministry may have."""


def prepared(
    stage: Rig, kilobytes: tuple[int, ...], *, foreign: bool, parts: Collection[str] = PARTS
) -> tuple[House, list[Work]]:
    """`foreign`: also the peers of other worlds (Caddy, Node, WireMock), as far as their programs are on this machine."""
    house = started(stage)
    works = list(_soap(house, kilobytes, foreign=foreign)) if "soap" in parts else []
    if "rest" in parts:
        works += [*_rest(house, foreign=foreign), _refused(house)]
    return house, works


def versions() -> dict[str, str]:
    """Of the programs that are not in our lock, by their own word."""
    asked = {"nginx": ("nginx", "-v"), "caddy": ("caddy", "version"), "node": ("node", "--version")}
    found = {}
    for name, command in asked.items():
        if shutil.which(command[0]):
            said = subprocess.run(command, capture_output=True, text=True, check=False)
            found[name] = (said.stdout or said.stderr).strip().split(" ")[-1 if name == "nginx" else 0]
    packages = (*NODE_PACKAGES, WIREMOCK)
    return found | {name: version for name, _, version in (each.rpartition("@") for each in packages)}


def started(stage: Rig, *options: str, settings: Mapping[str, str] = MappingProxyType({})) -> House:
    """Simulator, the ministry in front of it, and our gateway with everything on; `options` are those of `lgsp serve`."""
    sim, memory = free_port(), free_port()
    stage.start("lgsp", "sim", "--port", str(sim), core=LOAD_CORE)
    stage.start("bench.ministry", str(memory), f"http://127.0.0.1:{sim}", core=LOAD_CORE)
    wait(f"http://127.0.0.1:{sim}/_sim/systems")
    wait(f"http://127.0.0.1:{memory}/_bench/asked")
    worlds = f"http://127.0.0.1:{memory}", f"http://127.0.0.1:{sim}"
    return gateway(stage, *worlds, stage.folder / "data", *options, settings=settings)


def gateway(
    stage: Rig, ministry: str, simulator: str, data: Path, *options: str,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> House:  # fmt: skip
    """Our gateway in front of a ministry that stands: one of several that are compared."""
    port = free_port()
    process = stage.start(
        "lgsp", "serve", "--port", str(port), "--data", str(data), "--sim", ministry, *options,
        core=CONTENDERS_CORE, env={"LGSP_LIMITS__QUOTA_PER_MINUTE": "100000000", "LGSP_LOG_LEVEL": "info", **settings},
    )  # fmt: skip
    wait(f"http://127.0.0.1:{port}/readyz")
    key = json.loads((data / "demo.json").read_text("utf-8"))["consumers"][0]["api_key"]
    examples = fetch(f"{simulator}/_sim/examples")
    return House(stage, process, f"http://127.0.0.1:{port}", ministry, simulator, key, examples)


def _soap(house: House, kilobytes: tuple[int, ...], *, foreign: bool) -> Iterator[Work]:
    example = house.example("traCuuThongTinCongDan", "SoDinhDanh", "HoVaTen")
    proof = example["request"]["SoDinhDanh"]
    ours = house.ours(example, "lgsp soap")
    seen = house.asked_by(ours, proof)
    wsdl = str(ROOT / "contracts" / example["system"] / "backend-dancu.wsdl")
    lxml, zeep = (house.peer(name, seen["target"], wsdl, ours.ask.body, proof) for name in ("lxml", "zeep"))
    node: tuple[Contender, ...] = ()
    if foreign and shutil.which("node") and shutil.which("npm"):
        arguments = (house.ministry + seen["target"], wsdl, "TraCuuThongTinCongDan", json.dumps(FIELDS))
        node = (house.node("soap", ours.ask.body, proof, *arguments),)
    yield Work("JSON to SOAP to JSON", ours, (lxml, zeep, *node))
    for each in kilobytes:
        peer, own = (replace(one, name=f"{one.name}, {each} KB") for one in (lxml, ours))
        yield Work("JSON to SOAP to JSON", own, (peer,), people=round(each / KB_OF_A_PERSON))


def _rest(house: House, *, foreign: bool) -> Iterator[Work]:
    example = house.example("traTrangThaiHoSo")
    ours = house.ours(example, "lgsp rest")
    seen = house.asked_by(ours, example["request"]["maHoSo"])
    target, body, proof = seen["target"], base64.b64decode(seen["body"]), "statusDescription"
    proxy = house.peer("proxy", target, "-", body, proof)
    peers = [proxy]
    if shutil.which("nginx"):
        peers.append(house.nginx(target, body, proof))
    if foreign and shutil.which("caddy"):
        peers.append(house.caddy(target, body, proof))
    if foreign and shutil.which("node") and shutil.which("npm"):
        peers.append(house.node("proxy", body, proof, house.ministry + target))
    if foreign and shutil.which("java") and shutil.which("npm"):
        peers.append(house.wiremock(target, body, proof))
    yield Work("REST to REST", ours, tuple(peers))
    headers = {"Content-Type": "application/json", "X-API-Key": house.key}
    native = _proved(Contender("lgsp native", Ask(f"{house.url}/native{target}", headers, body), house.gateway), proof)
    yield Work("native pass-through", native, (proxy,))


def _refused(house: House) -> Work:
    """A caller with no valid key costs little: measured against the same call accepted."""
    accepted = house.ours(house.example("traTrangThaiHoSo"), "lgsp rest")
    headers = {
        **accepted.ask.headers,
        "X-API-Key": f"lgsp_{'0' * 12}_{base64.urlsafe_b64encode(os.urandom(32)).decode()[:43]}",
    }
    refused = Contender("lgsp refused", replace(accepted.ask, headers=headers, status=401), house.gateway)
    return Work("refused call", _proved(refused, "unauthenticated"), (accepted,))


def _proved(contender: Contender, proof: str) -> Contender:
    wait(contender.ask.url)
    raw = once(contender.ask).decode()
    if proof not in raw:
        raise RuntimeError(f"{contender.name} does not do the work: {raw[:200]}")
    return contender
