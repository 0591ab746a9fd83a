"""A small agency system: asks the bus about a dossier, registers a birth, reads its inbox. Only the standard library.

    LGSP_URL=http://127.0.0.1:8080 LGSP_CLIENT_ID=… LGSP_CLIENT_SECRET=… python agency.py

Ends with 0 when the work is done and with 75 when it has to be tried later.
"""

from __future__ import annotations

import json
import os
import sys
import time
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BIRTH = Path(__file__).with_name("birth.json")
LATER = 75
TRIES = 4


class Refused(Exception):
    """The bus said no; `problem` is its document."""

    def __init__(self, status: int, problem: dict[str, Any], retry_after: float) -> None:
        super().__init__(problem.get("code", status))
        self.status, self.problem, self.retry_after = status, problem, retry_after

    @property
    def retryable(self) -> bool:
        return bool(self.problem.get("retryable"))


@dataclass
class Bus:
    """What an agency's program needs of the bus: a token that it renews, calls that it repeats only where it may."""

    url: str
    client_id: str
    client_secret: str
    pause: float = 1.0
    """Seconds before a second try where the bus names none."""
    _token: str = ""
    _until: float = field(default=0.0)

    def call(self, system: str, operation: str, data: dict[str, Any], **headers: str) -> dict[str, Any]:
        """Asks again only what the bus calls retryable, after the time that it names, at most `TRIES` times."""
        for attempt in range(1, TRIES + 1):
            try:
                return self._once("POST", f"/api/{system}/v1/{operation}", data, headers)
            except Refused as error:
                if error.status == 401 and attempt == 1:
                    self._token = ""  # it ended earlier than it said: a fresh one, once
                    continue
                if not error.retryable or attempt == TRIES:
                    raise
                time.sleep(min(10.0, error.retry_after or self.pause * attempt))
        raise AssertionError

    def update(self, system: str, operation: str, data: dict[str, Any], key: str, **headers: str) -> dict[str, Any]:
        """Under one key the bus does an update once, however often it is asked."""
        return self.call(system, operation, data, **{"Idempotency-Key": key, **headers})

    def inbox(self) -> list[dict[str, Any]]:
        return list(self._once("GET", "/inbox", None, {}).get("items", []))

    def acknowledge(self, item: str) -> None:
        self._once("DELETE", f"/inbox/{item}", None, {})

    def _once(self, method: str, path: str, data: Any, headers: dict[str, str]) -> dict[str, Any]:
        sent = {"Content-Type": "application/json", "Authorization": f"Bearer {self._bearer()}", **headers}
        body = None if data is None else json.dumps(data, ensure_ascii=False).encode()
        return self._send(urllib.request.Request(self.url + path, body, sent, method=method))

    def _bearer(self) -> str:
        if not self._token or time.monotonic() >= self._until:
            basic = b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
            form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
            answer = self._send(urllib.request.Request(self.url + "/token", form, {"Authorization": f"Basic {basic}"}))
            # renewed a little before its end: a call that is on its way must not find it gone
            life = float(answer["expires_in"])
            self._token, self._until = answer["access_token"], time.monotonic() + max(0.0, life - min(30.0, life / 10))
        return self._token

    def _send(self, request: urllib.request.Request) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                try:
                    problem = json.loads(error.read())
                except ValueError:
                    problem = {"code": str(error.code)}
                raise Refused(error.code, problem, float(error.headers.get("Retry-After") or 0)) from None
        return json.loads(text) if text else {}


def plain(text: str) -> str:
    """Names are compared in one form: ministries answer in composed and in decomposed letters."""
    return unicodedata.normalize("NFC", text)


def work(bus: Bus, dossier: str) -> None:
    purpose = {"X-LGSP-Purpose": "1.001193", "X-LGSP-Case": dossier, "X-LGSP-Officer": "H28-CB-MAU"}
    person = bus.call(
        "population",
        "traCuuThongTinCongDan",
        {"SoDinhDanh": "017190999601", "HoVaTen": "Đinh Thị Mẫu Hoa", "NgayThangNamSinh": "1990-07-21"},
        **purpose,
    )
    found = person.get("CongDan", [])
    names = [plain(each.get("HoVaTen", "")) for each in (found if isinstance(found, list) else [found])]
    print(f"citizen: {', '.join(names) or 'not found'}")
    status = bus.call(
        "civil-status", "traTrangThaiHoSo", {"maDonVi": 48601, "maHoSo": "H28.148-221101-9901"}, **purpose
    )
    print(f"dossier: {status.get('trangThai')}")
    register(bus, json.loads(BIRTH.read_text("utf-8")), purpose)
    for item in bus.inbox():
        bus.acknowledge(item["id"])


def register(bus: Bus, birth: dict[str, Any], purpose: dict[str, str]) -> None:
    try:
        bus.update("civil-status", "dangKyHoTich", birth, f"khai-sinh-{birth['maHoSo']}", **purpose)
        print("birth: sent")
    except Refused as error:
        if error.status != 422:  # a time-out leaves it open: it is looked up later and never sent again
            raise
        # the ministry's own word, such as "we have it already"
        print(f"birth: {error.problem.get('provider', {}).get('message', error)}")


def main() -> int:
    bus = Bus(os.environ["LGSP_URL"], os.environ["LGSP_CLIENT_ID"], os.environ["LGSP_CLIENT_SECRET"])
    try:
        work(bus, "H28.148-221116-9907")
    except Refused as error:
        print(f"later: {error}", file=sys.stderr)
        return LATER if error.status in (429, 502, 503, 504) else 1
    except OSError as error:
        print(f"later: {type(error).__name__}", file=sys.stderr)
        return LATER
    return 0


if __name__ == "__main__":
    sys.exit(main())
