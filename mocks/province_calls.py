"""Calls that a ministry makes to the province: `POST /inbound/{system}/{operation}`, until it acknowledges."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lgsp.adapters import rest, soap
from lgsp.model import Data, HttpRequest, HttpResponse
from lgsp_mocks.work import Job

if TYPE_CHECKING:
    from lgsp_mocks.simulator import Simulator


class ProvinceCalls:
    """Written by the ministry's own contract; a system's module may say what an acknowledgement is (`acknowledged`)."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def call(self, job: Job) -> bool:
        """One try; whether the province has acknowledged."""
        simulator = self._simulator
        if simulator.gateway is None:
            return False
        request = self.write(job)
        try:
            response = await simulator.gateway(request)
        except (OSError, TimeoutError):
            response = HttpResponse(0)
        reply = _reply(response)
        done = self._acknowledged(job, response, reply)
        simulator.journal.write(
            simulator.runtime.clock.now(),
            system=job.system,
            backend=job.backend,
            operation=job.name,
            backend_operation=job.name,
            consumer="",
            status=response.status,
            fault=None if done else "not acknowledged",
            request=job.data,
            answer=reply,
            headers={"direction": "to the province", "try": str(job.tries + 1)},
        )
        return done

    def write(self, job: Job) -> HttpRequest:
        """The call as bytes, signed as this system of the demonstration."""
        backend, operation = self._simulator.systems[job.system].inbound[job.name]
        if backend.adapter == "soap":
            request = soap.encode_request(operation, job.data, backend.soap_version)
        else:
            request = rest.encode_request(operation, job.data)
        headers = {**request.headers, "x-api-key": f"demo-{job.system}"}
        _, mark, query = request.target.partition("?")
        return replace(request, method="POST", target=f"/inbound/{job.system}/{job.name}{mark}{query}", headers=headers)

    def _acknowledged(self, job: Job, response: HttpResponse, reply: Data) -> bool:
        if not 200 <= response.status < 300:
            return False
        said: Any = getattr(self._simulator.systems[job.system].module, "acknowledged", None)
        return bool(said(job.name, reply)) if said else True


def _reply(response: HttpResponse) -> Data:
    if not isinstance(response.body, bytes):
        return {}
    try:
        reply = json.loads(response.body)
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {"value": reply}
