"""One backend contract with every way in which a message may stand in HTTP, and one public contract with an XML half."""

from __future__ import annotations

from pathlib import Path

from lgsp import contract
from lgsp.contract.model import Contract

_ANSWER = """
      responses: { "200": { description: x, content: { application/json: { schema: { $ref: "#/components/schemas/Answer" } } } } }
"""

BACKEND = f"""
openapi: 3.1.0
info: {{ title: Ministry, version: "1" }}
paths:
  /people/{{code}}:
    get:
      operationId: find
      summary: x
      x-lgsp-origin: "reconstructed: test"
      parameters:
        - {{ name: code, in: path, required: true, schema: {{ type: string, maxLength: 20 }} }}
        - {{ name: page, in: query, schema: {{ type: integer }} }}
        - {{ name: tag, in: query, schema: {{ type: array, items: {{ type: string }} }} }}
        - {{ name: X-Unit, in: header, schema: {{ type: string }} }}
{_ANSWER}
  /people:
    post:
      operationId: add
      summary: x
      x-lgsp-origin: "reconstructed: test"
      parameters: [{{ name: mode, in: query, schema: {{ type: string }} }}]
      requestBody: {{ required: true, content: {{ application/json: {{ schema: {{ $ref: "#/components/schemas/Person" }} }} }} }}
{_ANSWER}
  /form:
    post:
      operationId: form
      summary: x
      x-lgsp-origin: "reconstructed: test"
      requestBody:
        required: true
        content: {{ application/x-www-form-urlencoded: {{ schema: {{ $ref: "#/components/schemas/Person" }} }} }}
{_ANSWER}
  /file:
    post:
      operationId: file
      summary: x
      x-lgsp-origin: "reconstructed: test"
      requestBody:
        required: true
        content:
          multipart/form-data:
            schema:
              type: object
              required: [document]
              properties: {{ document: {{ type: string, format: binary }}, kind: {{ type: string }} }}
{_ANSWER}
  /list:
    post:
      operationId: list
      summary: x
      x-lgsp-origin: "reconstructed: test"
      requestBody:
        required: true
        content: {{ application/json: {{ schema: {{ type: array, items: {{ type: string }} }} }} }}
      responses:
        "200":
          description: x
          content: {{ application/json: {{ schema: {{ type: array, items: {{ $ref: "#/components/schemas/Answer" }} }} }} }}
  /mapi/g#one:
    post:
      operationId: one
      summary: x
      x-lgsp-origin: "reconstructed: test"
      requestBody: {{ required: true, content: {{ application/json: {{ schema: {{ $ref: "#/components/schemas/One" }} }} }} }}
{_ANSWER}
  /mapi/g#two:
    post:
      operationId: two
      summary: x
      x-lgsp-origin: "reconstructed: test"
      requestBody: {{ required: true, content: {{ application/json: {{ schema: {{ $ref: "#/components/schemas/Two" }} }} }} }}
{_ANSWER}
components:
  schemas:
    Person:
      type: object
      required: [name]
      properties:
        name: {{ type: string, maxLength: 50 }}
        age: {{ type: integer }}
        sick: {{ type: boolean }}
        tags: {{ type: array, items: {{ type: string }} }}
    Answer: {{ type: object, required: [ok], properties: {{ ok: {{ type: boolean }}, text: {{ type: string }} }} }}
    One: {{ type: object, required: [service], properties: {{ service: {{ type: string, const: one }}, x: {{ type: string }} }} }}
    Two: {{ type: object, required: [service], properties: {{ service: {{ type: string, const: two }}, x: {{ type: string }} }} }}
"""

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
        "200": { description: answer, content: { application/json: { schema: { $ref: "#/components/schemas/Dap" } } } }
components:
  schemas:
    Hoi:
      type: object
      additionalProperties: false
      required: [ma]
      properties: { ma: { type: string, maxLength: 10, pattern: "^[A-Z0-9]+$" }, ten: { type: string } }
    Dap:
      type: object
      properties: { ma: { type: string }, ten: { type: string }, so: { type: array, items: { type: integer } } }
"""


def backend(folder: Path) -> Contract:
    return _load(folder / "backend-x.yaml", BACKEND)


def public(folder: Path) -> Contract:
    return _load(folder / "v1.yaml", PUBLIC)


def _load(file: Path, text: str) -> Contract:
    file.write_text(text, "utf-8")
    return contract.load(file, name="register")
