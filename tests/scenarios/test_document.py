"""An official document goes to the Government Office; its status chain is collected; an incoming one is read and answered."""

from __future__ import annotations

import asyncio
from typing import Any

from lgsp.simulate import Province, tell
from tests.mocks.papers import document

DOCUMENT = "000.00.00.H28,2022/11/16,9917/UBND-KGVX"


def attachment(size: int) -> tuple[str, bytes]:
    return "phu-luc-mau.zip", b"MAU-" * (size // 4)


async def statuses(province: Province, doc: str) -> list[str]:
    """Statuses of this document that the collector has handed over, oldest first."""
    items = (await province.get("/inbox", consumer="qlvb")).data["items"]
    return [item["data"]["status"] for item in items if item["data"].get("responseFor") == doc]


def test_sent_and_its_status_chain_collected() -> None:
    async def story(province: Province) -> None:
        text = document(name=DOCUMENT, files=[attachment(2 << 20)])
        request: dict[str, Any] = {"edocFile": text, "messageType": "edoc", "documentId": DOCUMENT}
        sent = await province.call("document-exchange", "sendEdoc", request, consumer="qlvb")
        assert sent.code == "ok", sent.data
        doc = sent.data["docId"]

        read = await province.call("document-exchange", "getEdoc", {"docId": doc}, consumer="qlvb")
        assert read.data["edxml"] == text, "what comes back is what was sent, to the byte"

        for _ in range(200):
            chain = await statuses(province, doc)
            if "06" in chain:
                break
            await asyncio.sleep(10)
        assert chain == ["01", "03", "04", "05", "06"]

    tell(story)


def test_an_incoming_document_is_collected_read_and_answered() -> None:
    async def story(province: Province) -> None:
        incoming: list[dict[str, Any]] = []
        for _ in range(100):
            items = (await province.get("/inbox", consumer="qlvb")).data["items"]
            incoming = [item["data"] for item in items if item["data"].get("messageType") == "edoc"]
            if incoming:
                break
            await asyncio.sleep(60)
        doc = incoming[0]["docId"]
        read = await province.call("document-exchange", "getEdoc", {"docId": doc}, consumer="qlvb")
        assert "QCVN_102_2016" in read.data["edxml"]
        told = await province.call("document-exchange", "updateStatus", {"docId": doc, "status": "03"}, consumer="qlvb")
        assert told.code == "ok", told.data

    tell(story)
