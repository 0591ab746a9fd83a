"""Where does the connection to a ministry break? Name, line, TLS, sign-in, contract, one harmless question: to the first cause.

Only the registered address is asked, and only a question that a person has marked safe and written down as probe. The call
leaves evidence like any other, and no mark on health: who tests in an outage must not prolong it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from lgsp.audit import Audit
from lgsp.decisions import Refused
from lgsp.errors import BadAnswer, BusFault, ConnectFailed, InvalidMessage, LgspError, ProviderFault
from lgsp.exchange import Deadline, Handler
from lgsp.health.conformity import judged
from lgsp.model import Text
from lgsp.names import AddressRefused, checked_addresses
from lgsp.pipeline.identify import internal
from lgsp.prober import questions
from lgsp.registry import Connector, Operation
from lgsp.runtime import Runtime
from lgsp.settings import Upstream
from lgsp.upstream import MANNERS, UpstreamUnavailable

STEPS = ("dns", "tcp", "tls", "authentication", "contract", "sample")
LONGEST_SECONDS = 30.0
WIRE_SECONDS = 5.0
"""For each of name, line and TLS."""
_IN_CONTRACT = frozenset({"form", "missing", "unknown", "type", "value", "not-asked"})
_SIGN_IN = frozenset({"token", "session", "account"})

State = Literal["passed", "failed", "skipped", "not-run"]
"""`skipped`: there is nothing to test; `not-run`: an earlier step has failed."""


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    state: State
    said: Text
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Diagnosis:
    system: str
    operation: str
    upstream: str
    steps: tuple[Step, ...]

    @property
    def failed(self) -> str:
        """The step that is the cause; "" where all is well."""
        return next((each.name for each in self.steps if each.state == "failed"), "")

    def as_json(self) -> dict[str, Any]:
        return {
            "system": self.system,
            "operation": self.operation,
            "upstream": self.upstream,
            "failed": self.failed,
            "steps": [
                {"name": e.name, "state": e.state, "said": e.said.as_dict(), "seconds": round(e.seconds, 3)}
                for e in self.steps
            ],
        }


class Wire(Protocol):
    """The three steps below HTTP. Each raises OSError (`ssl.SSLError`, `TimeoutError` among them) where it fails."""

    async def resolve(self, host: str, port: int) -> Sequence[str]: ...
    async def connect(self, address: str, port: int) -> None: ...
    async def handshake(self, address: str, port: int, host: str, base: str) -> str:
        """The version of TLS that was agreed on."""


@dataclass(frozen=True, slots=True)
class Sockets:
    """The real wire. `trust` says which certificates an address of an upstream must chain to; None for the system's own."""

    trust: Callable[[str], ssl.SSLContext | None]

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return checked_addresses(host, [str(each[4][0]) for each in found])

    async def connect(self, address: str, port: int) -> None:
        _, writer = await asyncio.open_connection(address, port)
        writer.transport.abort()

    async def handshake(self, address: str, port: int, host: str, base: str) -> str:
        context = self.trust(base) or ssl.create_default_context()
        _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host)
        version = writer.get_extra_info("ssl_object").version()
        writer.transport.abort()
        return str(version)


@dataclass(frozen=True, slots=True)
class Diagnoser:
    """`ask` leads to the ministry with evidence and without breaker, slots or marks on health."""

    ask: Handler
    upstreams: Callable[[], Mapping[str, Upstream]]
    wire: Wire | None
    """None where there are no sockets: the simulated world."""
    runtime: Runtime
    era: Callable[[], str] = str

    async def run(self, connector: Connector, operation: str = "") -> Diagnosis:
        """Ends within `LONGEST_SECONDS`."""
        asked = [each for each in questions(connector, self.era()) if each.safe and operation in ("", each.name)]
        chosen = asked[0] if asked else None
        backend = (chosen.route(self.era()) if chosen else next(iter(connector.operations.values())).routes[0]).backend
        setting = self.upstreams().get(backend.upstream)
        until = self.runtime.clock.monotonic() + LONGEST_SECONDS
        if setting is None or setting.manner not in MANNERS:
            steps = [Step("dns", "failed", Text(
                f"Chưa cấu hình upstream {backend.upstream}", f"[upstreams.{backend.upstream}] is not set"
            ))]  # fmt: skip
        else:
            steps = await self.wire_steps(MANNERS[setting.manner].base(setting))
            if all(each.state != "failed" for each in steps):
                steps += await self._call(connector, chosen, until, signs_in=MANNERS[setting.manner].dance is not None)
        by_name = {each.name: each for each in steps}
        first = next((place for place, name in enumerate(STEPS) if by_name.get(name, _NOT_RUN).state == "failed"), 9)
        made = tuple(
            by_name[name] if name in by_name and place <= first else Step(name, "not-run", _NOT_RUN.said)
            for place, name in enumerate(STEPS)
        )
        return Diagnosis(connector.name, chosen.name if chosen else "", backend.upstream, made)

    # -- below HTTP ---------------------------------------------------------------------------------------------------

    async def wire_steps(self, base: str) -> list[Step]:
        """Name, line, TLS of any address, to the first that fails; `tls` is skipped where the address uses none."""
        parts = urlsplit(base)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        if self.wire is None:
            said = Text("Không có đường truyền thật ở đây", "There is no real wire here")
            return [Step(name, "skipped", said) for name in STEPS[:3]]
        began, steps = self.runtime.clock.monotonic(), list[Step]()
        name, line = "dns", f"{host}:{port}"
        try:
            async with asyncio.timeout(WIRE_SECONDS):
                addresses = await self.wire.resolve(host, port)
            steps.append(self._passed(name, began, Text(f"{host} → {addresses[0]}", f"{host} → {addresses[0]}")))
            name, began = "tcp", self.runtime.clock.monotonic()
            async with asyncio.timeout(WIRE_SECONDS):
                address = await self._first(addresses, port)
            steps.append(self._passed(name, began, Text(f"Nối được tới {line}", f"Connected to {line}")))
            name, began = "tls", self.runtime.clock.monotonic()
            if parts.scheme != "https":
                steps.append(Step(name, "skipped", Text("Đường nối không dùng TLS", "This connection uses no TLS")))
                return steps
            async with asyncio.timeout(WIRE_SECONDS):
                version = await self.wire.handshake(address, port, host, base)
            steps.append(self._passed(name, began, Text(f"{version}, chứng thư hợp lệ", f"{version}, trusted")))
        except OSError as error:
            steps.append(Step(name, "failed", _why(error, line), self.runtime.clock.monotonic() - began))
        return steps

    async def _first(self, addresses: Sequence[str], port: int) -> str:
        """The first address that takes a connection. Raises OSError where none does."""
        assert self.wire is not None
        for place, address in enumerate(addresses):
            try:
                await self.wire.connect(address, port)
            except OSError:
                if place == len(addresses) - 1:
                    raise
            else:
                return address
        raise OSError("no address")

    # -- above it -----------------------------------------------------------------------------------------------------

    async def _call(
        self, connector: Connector, operation: Operation | None, until: float, *, signs_in: bool
    ) -> list[Step]:
        if operation is None:
            said = Text("Chưa có câu hỏi mẫu an toàn (probe)", "There is no safe sample question (probe)")
            return [Step(name, "skipped", said) for name in STEPS[3:]]
        exchange = internal(self.runtime, connector, operation, dict(operation.probe or {}), self.era())
        exchange.deadline = Deadline(min(exchange.deadline.at if exchange.deadline else until, until))
        began = self.runtime.clock.monotonic()
        error: LgspError | None = None
        try:
            async with asyncio.timeout(max(0.0, until - began)):
                await self.ask(exchange)
        except ProviderFault:
            pass  # the ministry's "no" to nobody's number is an answer
        except LgspError as refused:
            error = refused
        except TimeoutError:
            error = BusFault(Text("Quá thời hạn của phép thử", "The test took too long"))
        except Exception:  # noqa: BLE001  a defect of one mapping is what the test is to find
            error = BusFault(Text("Bộ chuyển đổi của hệ thống này bị lỗi", "The mapping of this system failed"))
        taken = self.runtime.clock.monotonic() - began
        cause = cause_of(error) if error is not None else ""
        named = Text("Nền tảng nhận thông tin đăng nhập", "The platform takes our credentials")
        none = Text("Không cần đăng nhập riêng", "No sign-in of its own")
        steps = [
            Step("authentication", "passed" if signs_in else "skipped", named if signs_in else none),
            Step("contract", "passed", Text("Trả lời đúng hợp đồng", "The answer keeps the contract")),
            Step("sample", "passed", Text(f"{operation.name} có trả lời", f"{operation.name} answers"), taken),
        ]
        if error is None:
            return steps
        if cause == "sample":  # nothing came that could keep or break a contract
            steps[1] = Step("contract", "passed", Text("Câu hỏi đúng hợp đồng", "The question keeps the contract"))
        return [each for each in steps if each.name != cause] + [Step(cause, "failed", _said(error), taken)]

    def _passed(self, name: str, began: float, said: Text) -> Step:
        return Step(name, "passed", said, self.runtime.clock.monotonic() - began)


_NOT_RUN = Step("", "not-run", Text("Chưa thử vì bước trước không đạt", "Not tested: an earlier step failed"))


def cause_of(error: LgspError) -> str:
    """The step that an error of a call belongs to."""
    layer = str(getattr(error, "layer", "") or "")
    if layer in ("dns", "tcp", "tls"):
        return layer
    if layer in _SIGN_IN or isinstance(error, UpstreamUnavailable):
        return "authentication"
    if isinstance(error, InvalidMessage):
        return "contract"
    if isinstance(error, BadAnswer) and judged(error) in _IN_CONTRACT:
        return "contract"
    return "tcp" if isinstance(error, ConnectFailed) and not layer else "sample"


def _said(error: LgspError) -> Text:
    """The error's sentence, with the first broken rules; never a value."""
    said = error.detail or error.title
    if error.errors:
        rules = ", ".join(f"{each.path or '/'} {each.rule}" for each in error.errors[:3])
        return Text(f"{said.vi}: {rules}", f"{said.en}: {rules}")
    return said


def _why(error: OSError, line: str) -> Text:
    if isinstance(error, socket.gaierror):
        return Text(f"Không phân giải được tên {line}", f"{line}: the name does not resolve")
    if isinstance(error, AddressRefused):
        return Text(f"{line}: tên trỏ về địa chỉ nội bộ, từ chối", f"{line}: the name leads to this machine; refused")
    if isinstance(error, ssl.SSLCertVerificationError):
        why = getattr(error, "verify_message", "")
        return Text(f"Chứng thư không tin được: {why}", f"The certificate is not trusted: {why}")
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "reason", "") or ""
        return Text(f"Bắt tay TLS không thành: {why}", f"The TLS handshake failed: {why}")
    if isinstance(error, TimeoutError):
        return Text(f"{line} không trả lời trong {WIRE_SECONDS:g} giây", f"{line}: no answer in {WIRE_SECONDS:g} s")
    if isinstance(error, ConnectionRefusedError):
        return Text(f"{line} từ chối kết nối", f"{line} refuses the connection")
    return Text(f"{line}: {type(error).__name__}", f"{line}: {type(error).__name__}")


# -- as an action of the office ------------------------------------------------------------------------------------------


class TestDesk(Protocol):
    """What the action may touch here."""

    @property
    def audit(self) -> Audit: ...
    @property
    def diagnose(self) -> Callable[[str, str], Awaitable[Diagnosis]] | None:
        """None where no bus runs. Raises `Refused` for a system that there is not."""


async def system_test(desk: TestDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Who tested what stands in the evidence, and what was found."""
    if desk.diagnose is None:
        raise Refused("Trục chưa chạy", "the bus is not running")
    found = await desk.diagnose(str(arguments["system"]), str(arguments.get("operation") or ""))
    await desk.audit.note(
        "connection-tested", by, system=found.system, operation=found.operation, failed=found.failed or "nothing"
    )
    return found.as_json()


DIAGNOSIS: Mapping[str, Callable[[TestDesk, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {"system.test": system_test}
)
