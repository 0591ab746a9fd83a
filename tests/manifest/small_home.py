"""A small home written into a temporary folder: one REST ministry with two operations that share a path."""

from __future__ import annotations

from pathlib import Path

from lgsp.home import Home

PUBLIC = """
openapi: 3.1.0
info: { title: Register, version: "1.0", x-title-vi: Sổ }
paths:
  /hoi:
    post:
      operationId: hoi
      summary: Ask
      x-title-vi: Hỏi
      x-lgsp-origin: "reconstructed: test"
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Hoi" } } } }
      responses:
        "200": { description: answer, content: { application/json: { schema: { $ref: "#/components/schemas/HoiDap" } } } }
  /ghi:
    post:
      operationId: ghi
      summary: Write
      x-title-vi: Ghi
      x-lgsp-origin: "reconstructed: test"
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Hoi" } } } }
      responses:
        "200": { description: answer, content: { application/json: { schema: { $ref: "#/components/schemas/HoiDap" } } } }
components:
  schemas:
    Hoi:
      type: object
      additionalProperties: false
      required: [ma]
      properties: { ma: { type: string, maxLength: 10 }, ten: { type: string } }
    HoiDap:
      type: object
      properties: { ma: { type: string }, ten: { type: string } }
"""

BACKEND = """
openapi: 3.1.0
info: { title: Ministry, version: "1" }
paths:
  /hoi:
    post:
      operationId: HOI
      summary: Ask
      x-lgsp-origin: "reconstructed: test"
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Ask" } } } }
      responses:
        "200": { description: answer, content: { application/json: { schema: { $ref: "#/components/schemas/Answer" } } } }
  /ghi/{ma}:
    post:
      operationId: GHI
      summary: Write
      x-lgsp-origin: "reconstructed: test"
      parameters: [{ name: ma, in: path, required: true, schema: { type: string } }]
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Write" } } } }
      responses:
        "200": { description: answer, content: { application/json: { schema: { $ref: "#/components/schemas/Answer" } } } }
  /bao:
    post:
      operationId: BAO
      summary: Notice
      x-lgsp-origin: "reconstructed: test"
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Ask" } } } }
      responses:
        "200": { description: answer, content: { application/json: { schema: { $ref: "#/components/schemas/Answer" } } } }
components:
  schemas:
    Ask: { type: object, required: [MA], properties: { MA: { type: string }, KHOA: { type: string } } }
    Write: { type: object, properties: { TEN: { type: string } } }
    Answer: { type: object, required: [TRANG_THAI], properties: { TRANG_THAI: { type: integer }, MA: { type: string }, TEN: { type: string } } }
"""

MAPPING = """
from lgsp.errors import RecordNotFound
from lgsp.mapping import Context, Data, Received


def ask(operation: str, data: Data, ctx: Context) -> Data:
    if operation == "ghi":
        return {"ma": data["ma"], "TEN": data.get("ten", "")}
    return {"MA": data["ma"], "KHOA": ctx.secrets.get("khoa", "")}


def answer(operation: str, data: Data, ctx: Context) -> Data:
    if data["TRANG_THAI"] == 0:
        raise RecordNotFound(provider=("0", "khong co"))
    return {"ma": data.get("MA", ctx.request["ma"]), "ten": data["TEN"]}


def receive(operation: str, data: Data, ctx: Context) -> Received:
    raise NotImplementedError
"""

MANIFEST = """
name = "register"
title = { vi = "Sổ đăng ký", en = "Register" }
owner = { vi = "Bộ Mẫu", en = "Model Ministry" }
personal = true
slots = 2

[stage]
now = "trial"
since = 2022-11-01
decision = "01/QĐ-MAU"

[contract]
public = "v1.yaml"

[backends.so]
contract = "backend-so.yaml"
adapter = "rest"
upstream = "ngsp"
path = "/apiSo"
secrets = ["khoa"]
demo_secrets = { khoa = "demo-khoa" }

[operations.hoi]
kind = "query"
safe = true
backend_operation = "HOI"
key = "ma"
subject = "ma"
probe = { ma = "0" }

[operations.ghi]
kind = "update"
backend = "so"
backend_operation = "GHI"
timeout = "30 s"
max_body = "5 MB"
deliver = { when_away = true, expires = "7 d", order_by = "ma" }
proved_by = { operation = "hoi", key = "ma" }

[inbound.BAO]
backend = "so"
key = "MA"
authenticate = "message"

[collectors.moi]
operation = "hoi"
every = "5 min"
items = "data"
item_key = "ma"
request = { ma = "1" }
"""


def write_home(folder: Path, manifest: str = MANIFEST, *, mapping: str = MAPPING, system: str = "register") -> Home:
    """`manifest` replaces the sound one."""
    home = Home.at(folder)
    for place in (home.connectors / system, home.contracts / system, home.mocks):
        place.mkdir(parents=True, exist_ok=True)
    (home.connectors / system / "connector.toml").write_text(manifest, "utf-8")
    (home.connectors / system / "mapping.py").write_text(mapping, "utf-8")
    (home.contracts / system / "v1.yaml").write_text(PUBLIC, "utf-8")
    (home.contracts / system / "backend-so.yaml").write_text(BACKEND, "utf-8")
    simulator = "HANDLERS = {}\ndef examples(world): ...\ndef business_error(ask): ...\ndef duplicate(ask): ...\n"
    home.simulator(system).write_text(simulator, "utf-8")
    return home
