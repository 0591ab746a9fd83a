"""How a command has something carried out: by the process that owns the data, else here under the owner's lock."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

from lgsp.cli.output import refuse
from lgsp.cli.place import data_folder, loaded


def act(data: Path | None, action: str, **arguments: Any) -> Any:
    """The action's answer. Ends the command (1) with the sentence where it is refused."""
    import asyncio

    return asyncio.run(_act(data_folder(data), action, arguments))


def ask_owner(folder: Path, action: str, arguments: dict[str, Any]) -> Any:
    """What only a running bus can do; None where none runs. Ends the command (1) where it is refused."""
    import asyncio

    from lgsp.decisions import Refused

    if not (folder / "control.sock").exists():
        return None
    try:
        return asyncio.run(_by_owner(folder, action, arguments, seconds=600))
    except ConnectionRefusedError:
        return None
    except Refused as error:
        refuse(str(error))


async def _act(folder: Path, action: str, arguments: dict[str, Any]) -> Any:
    from lgsp.decisions import Refused

    try:
        if (folder / "control.sock").exists():
            try:
                return await _by_owner(folder, action, arguments)
            except ConnectionRefusedError:  # a socket that a killed process left behind
                pass
        return await _here(folder, action, arguments)
    except Refused as error:
        refuse(str(error))


async def _by_owner(folder: Path, action: str, arguments: dict[str, Any], seconds: float = 30) -> Any:
    import aiohttp

    from lgsp.decisions import Refused

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)  # a socket's path has at most 107 bytes
    try:
        connector = aiohttp.UnixConnector(f"/proc/self/fd/{descriptor}/control.sock")
        limit = aiohttp.ClientTimeout(total=seconds)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=limit) as session,
            session.post(f"http://control/{action}", json={"by": person(), "arguments": arguments}) as response,
        ):
            document = await response.json()
    except aiohttp.ClientConnectorError as error:
        raise ConnectionRefusedError from error
    finally:
        os.close(descriptor)
    if "error" in document:
        raise Refused(document["error"], document["error"])
    return document["result"]


async def _here(folder: Path, action: str, arguments: dict[str, Any]) -> Any:
    from lgsp.audit import Audit
    from lgsp.events import Events
    from lgsp.lifecycle import Ledger
    from lgsp.office import Office, perform
    from lgsp.policy import Policy
    from lgsp.runtime import Runtime
    from lgsp.store import StoreBusy, StoreRefused, open_store

    runtime = Runtime.system()
    try:
        store = await open_store(folder, runtime, settings=loaded().settings.store)
    except (StoreBusy, StoreRefused) as error:
        refuse(str(error))
    try:
        policy = Policy(store, runtime)
        await policy.load()
        audit = Audit(store, runtime)
        ledger = Ledger(store, runtime, Events())
        await ledger.load(())  # what a first start has entered; a manifest alone has no ledger yet
        office = Office(store, policy, audit, runtime, ledger, demonstration=loaded().settings.demo)
        try:
            return await perform(office, action, person(), arguments)
        finally:
            await audit.close()
    finally:
        await store.close()


def person() -> str:
    """Whom the operating system names; behind sudo the one who asked for it."""
    if name := os.environ.get("SUDO_USER"):
        return f"local:{name}"
    try:
        return f"local:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"local:{os.getuid()}"
