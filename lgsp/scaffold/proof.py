"""Can every operation be carried? A specimen of each message goes through both forms before anybody relies on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from lgsp.contract import wsdl
from lgsp.contract.findings import Finding
from lgsp.contract.halves import openapi, xsd
from lgsp.contract.model import Codec, Contract, Operation
from lgsp.contract.specimen import specimen
from lgsp.errors import InvalidMessage
from lgsp.model import Data
from lgsp.xml import MIB, parse_xml

_LARGE = 64 * MIB
_ADDRESS = "http://mau.invalid/soap"


def prove(contract: Contract, file: str, enough: Callable[[], bool] = lambda: False) -> Iterator[Finding]:
    """What cannot be carried exactly, operation by operation, until somebody says that it has taken long `enough`."""
    proved: set[str] = set()
    for operation in contract.operations.values():
        if enough():
            break
        yield from _operation(operation, file, proved)
    yield from _halves(contract, file, examples=not enough())


def _operation(operation: Operation, file: str, proved: set[str]) -> Iterator[Finding]:
    """`proved` are elements that were looked at before: operations of one contract share their faults."""
    messages = {"input": operation.input, "output": operation.output}
    messages |= {f"fault {name}": codec for name, codec in operation.faults.items()}
    for side, codec in messages.items():
        if codec.root in proved:
            continue
        proved.add(codec.root)
        said = _message(codec)
        if said:
            yield Finding(file, 0, f"{operation.name} {side}", said)


def _message(codec: Codec) -> str:
    """Why this message cannot be carried, "" where it can."""
    try:
        made = specimen(codec)
        if not codec.root:
            return ""
        plain = codec.read_json(codec.write_json(made))
        # as in a Body: a message may be several elements side by side
        again = codec.read_xml(parse_xml(b"<body>" + codec.write_xml(plain) + b"</body>", limit=_LARGE)[0])
    except InvalidMessage as error:
        rules = "; ".join(f"{each.path or '/'} {each.rule}" for each in error.errors[:3])
        return f"no valid message can be made of it: {rules}"
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  a stranger's construct that we did not foresee is refused, not met by a caller
        return f"cannot be carried ({type(error).__name__})"
    return "" if _same(plain, again) else "data is not the same after the way through XML"


def _same(one: Data, other: Data) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True) or _filled(one) == _filled(other)


def _filled(value: object) -> object:
    """Without empty lists: XML cannot tell them from absent ones."""
    if isinstance(value, dict):
        return {name: _filled(each) for name, each in value.items() if each != []}
    return [_filled(each) for each in value] if isinstance(value, list) else value


def _halves(contract: Contract, file: str, *, examples: bool) -> Iterator[Finding]:
    try:
        wsdl(contract, _ADDRESS)
        if contract.born == "openapi":
            xsd(contract, "types", _ADDRESS)
        openapi(contract, "http://mau.invalid/api", examples=examples)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  the same
        yield Finding(file, 0, "documents", f"the other half cannot be generated ({type(error).__name__})")
