"""Two major versions of one system side by side: who has moved and who has not are answered by one ministry."""

from __future__ import annotations

import asyncio
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from lgsp import standard
from lgsp.adapters import soap
from lgsp.asking import ask, examples_of
from lgsp.model import HttpResponse
from lgsp.simulate import Loaded, Province, tell
from lgsp.standard import same

SYSTEM = "giay-phep"
FREE = [
    standard.test_manifest_contracts_and_simulator_fit,
    standard.test_every_operation_has_an_example,
    standard.test_every_example_keeps_its_promise_in_any_order,
    standard.test_soap_gives_the_same_data,
    standard.test_native_gives_the_ministrys_own_bytes,
    standard.test_fields_that_the_contract_does_not_know_never_leave,
    standard.test_an_update_takes_effect_once,
    standard.test_a_business_fault_is_the_ministrys_word_and_no_illness,
]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return Loaded.read([Path(__file__).parent / "homes" / SYSTEM], built_in=False)


async def by_soap(province: Province, version: str, operation: str, data: dict[str, Any]) -> tuple[Any, Any]:
    connector = province.gateway.registry.connectors[SYSTEM].at(version)
    assert connector is not None
    public = connector.public.operations[operation]
    sent = soap.encode_request(public, data, "1.1", target=f"/soap/{SYSTEM}/{version}")
    key = {"x-api-key": province.secrets["mot-cua"].api_key}
    reply = await province.send("POST", sent.target, {**sent.headers, **key}, bytes(sent.body))  # type: ignore[arg-type]
    return soap.decode_response(public, HttpResponse(reply.status, reply.headers, reply.body)), reply.headers


@pytest.mark.parametrize("free", FREE, ids=lambda test: test.__name__)
def test_the_standard_tests_hold_for_both(free: Any, loaded: Loaded) -> None:
    free(SYSTEM, loaded)


def test_each_caller_is_answered_in_his_own_version_and_by_both_faces(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        new = await province.call(SYSTEM, "traCuu", {"soGiayPhep": "GP-1"})
        assert new.data == {
            "soGiayPhep": "GP-1", "chuSoHuu": {"hoTen": "NGUYỄN MẪU"}, "ngayCap": "2026-01-02", "trangThai": "hieu-luc",
        }  # fmt: skip
        old = await province.call(SYSTEM, "tim", {"so": "GP-1"}, version="v1")
        assert old.data == {"so": "GP-1", "chuHo": "NGUYỄN MẪU", "ngayCap": "2026-01-02"}, "nothing of v2 leaks"
        assert same((await by_soap(province, "v2", "traCuu", {"soGiayPhep": "GP-1"}))[0], new.data)
        assert same((await by_soap(province, "v1", "tim", {"so": "GP-1"}))[0], old.data)

        for version, name, known in (("v1", "traCuu", False), ("v2", "tim", False), ("v3", "traCuu", False)):
            reply = await province.call(SYSTEM, name, {}, version=version)
            assert (reply.code == "unknown-operation") is not known
        wrong = await province.call(SYSTEM, "tim", {"so": "G" * 21}, version="v1")
        assert (wrong.code, [each["path"] for each in wrong.data["errors"]]) == ("invalid-message", ["/so"])

    tell(story, loaded=loaded, size=50)


def test_what_the_newer_contract_does_not_admit_is_the_callers_to_mend(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        reply = await province.call(SYSTEM, "ghi", {"so": "GP-7", "chuHo": "X" * 41}, version="v1")
        assert reply.code == "invalid-message"
        assert reply.data["errors"] == [{"path": "", "rule": "maxLength 40"}], "chuSoHuu is no field of his"
        assert not province.simulator.journal.effects.get(SYSTEM)

    tell(story, loaded=loaded, size=50)


def test_only_the_older_version_carries_notices(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        newest = await province.call(SYSTEM, "traCuu", {"soGiayPhep": "GP-1"})
        assert not {"deprecation", "sunset", "link"} & newest.headers.keys()
        _, by_envelope = await by_soap(province, "v1", "tim", {"so": "GP-1"})
        for version, operation, data in (
            ("v1", "tim", {"so": "GP-1"}), ("v1", "tim", {"so": "GP-9"}), ("v1", "tim", {"la": 1}), ("v1", "ghi", {}),
        ):  # fmt: skip
            reply = await province.call(SYSTEM, operation, data, version=version)
            assert reply.headers["deprecation"] == "@1772323200"
            assert datetime.fromisoformat("2026-03-01T00:00:00+00:00").timestamp() == 1772323200
            assert reply.headers["sunset"] == "Sun, 28 Feb 2027 16:59:59 GMT"
            assert parsedate_to_datetime(reply.headers["sunset"]).date().isoformat() == "2027-02-28"
            carrier = {"tim": "traCuu", "ghi": "ghi"}[operation]
            assert reply.headers["link"] == (
                f'</api/giay-phep/v2/{carrier}>; rel="successor-version", '
                '<https://lgsp.example/chuyen-doi>; rel="deprecation"; type="text/html"'
            )
        assert by_envelope["deprecation"] == "@1772323200"
        assert '</soap/giay-phep/v2>; rel="successor-version"' in by_envelope["link"]
        lonely = await province.call(SYSTEM, "thongKe", {"nam": 2025}, version="v1")
        assert lonely.data == {"soLuong": 25}, "by the ministry's older service"
        assert '</api/giay-phep/v2/openapi.json>; rel="successor-version"' in lonely.headers["link"]

    tell(story, loaded=loaded, size=50)


def test_documents_and_lists_have_both(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        for version, operation in (("v1", "tim"), ("v2", "traCuu")):
            document = await province.get(f"/api/{SYSTEM}/{version}/openapi.json")
            assert document.data["servers"][0]["url"].endswith(f"/api/{SYSTEM}/{version}")
            assert document.data["paths"][f"/{operation}"]["post"].get("deprecated", False) is (version == "v1")
            assert ("deprecation" in document.headers) is (version == "v1")
            served = await province.send("GET", f"/soap/{SYSTEM}/{version}?wsdl", {"host": "bus.example"})
            assert f"http://bus.example/soap/{SYSTEM}/{version}".encode() in served.body
            assert f"urn:lgsp:{SYSTEM}:{version}".encode() in served.body
            assert ("deprecation" in served.headers) is (version == "v1")
        everything = (await province.get("/api/openapi.json")).data["paths"]
        assert {
            f"/api/{SYSTEM}/v1/tim",
            f"/api/{SYSTEM}/v2/traCuu",
            f"/api/{SYSTEM}/v1/ghi",
            f"/api/{SYSTEM}/v2/ghi",
        } <= set(everything)

        (mine,) = (await province.get("/api/systems", consumer="mot-cua")).data
        assert (mine["version"], [each["name"] for each in mine["operations"]]) == ("v2", ["traCuu", "ghi"])
        newest, older = mine["versions"]
        assert newest == {"version": "v2"}
        assert {name: older[name] for name in ("version", "deprecated", "sunset", "successor")} == {
            "version": "v1", "deprecated": "2026-03-01", "sunset": "2027-02-28", "successor": "v2",
        }  # fmt: skip
        assert [each["name"] for each in older["operations"]] == ["tim", "ghi", "thongKe"]

        (row,) = (await province.get("/status")).data["systems"]
        assert (row["id"], row["operations"], row["stage"]) == (SYSTEM, 2, "official"), "one system, counted once"
        told = {(each["version"], each["operation"]) for each in province.simulator.admin.examples()}
        assert told == {("v2", "traCuu"), ("v2", "ghi"), ("v1", "tim"), ("v1", "ghi"), ("v1", "thongKe")}

    tell(story, loaded=loaded, size=50)


def test_one_backend_sees_one_dialect_whoever_asks(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        await province.gateway.prober.first_round.wait()
        before = len(province.transport.seen)
        await asyncio.gather(*(ask(province, each) for each in examples_of(province, SYSTEM, expect="ok")))
        paths = {
            request.target for _, request, _ in list(province.transport.seen)[before:] if "token" not in request.target
        }
        assert paths == {"/apiGiayPhepMoi/lay", "/apiGiayPhepMoi/ghi", "/apiGiayPhepCu/thongKe"}
        assert province.simulator.journal.effects[SYSTEM] == {"GP-2": 1, "GP-3": 1}

    tell(story, loaded=loaded, size=50)


def test_an_older_update_waits_and_its_lost_answer_is_settled_by_its_own_query(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        province.fail(SYSTEM, "lost-answer", times=1, operation="ghi")
        lost = await province.call(SYSTEM, "ghi", {"so": "GP-4", "chuHo": "LÊ MẪU"}, version="v1")
        assert lost.code == "timeout"
        await asyncio.sleep(300)
        settled = await province.get(lost.headers["location"], consumer="mot-cua")
        assert settled.data["state"] == "delivered"

        province.fail(SYSTEM, "refuse")
        later = await province.call(
            SYSTEM, "ghi", {"so": "GP-5", "chuHo": "LÊ MẪU"}, version="v1", headers={"prefer": "respond-async"}
        )
        assert later.status == 202
        await asyncio.sleep(60)
        province.heal(SYSTEM)
        await asyncio.sleep(900)
        done = await province.get(later.headers["location"], consumer="mot-cua")
        assert (done.data["state"], done.data["answer"]) == ("delivered", {"maTiepNhan": "TN-GP-5"})
        assert province.simulator.journal.effects[SYSTEM] == {"GP-4": 1, "GP-5": 1}

    tell(story, loaded=loaded, size=50)


def test_a_native_call_finds_the_service_that_only_the_older_version_has(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        key = {"x-api-key": province.secrets["mot-cua"].api_key, "content-type": "application/json"}
        reply = await province.send("POST", "/native/apiGiayPhepCu/thongKe", key, b'{"NAM": 2010}')
        assert reply.data == {"SO_LUONG": 10}
        assert reply.headers["deprecation"] == "@1772323200"

    tell(story, loaded=loaded, size=50)
