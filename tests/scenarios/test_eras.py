"""Two eras, three provinces: every example holds before and after 1 July 2025, and each era is asked in its own dialect."""

from __future__ import annotations

import pytest

from lgsp.simulate import Loaded, Province, tell

PURPOSE = {"X-LGSP-Purpose": "1.001193"}


@pytest.mark.parametrize("name", ["hoa-binh", "dien-bien", "phu-tho-2025"])
def test_all_seventeen_answer_as_promised(lgsp_loaded: Loaded, name: str) -> None:
    async def story(province: Province) -> set[str]:
        examples = province.simulator.admin.examples()
        assert len({each["system"] for each in examples}) == 17
        for each in examples:
            reply = await province.call(
                each["system"], each["operation"], each["request"], headers=each.get("headers"), version=each["version"]
            )
            assert reply.code == each["expect"], (each["system"], each["operation"], reply.data)
        assert not province.simulator.unmatched
        assert not province.simulator.defects
        assert not [row for row in province.simulator.admin.people() if not row["outcomes"]]
        return {request.target for _, request, _ in province.transport.seen}

    asked = tell(story, loaded=lgsp_loaded, province=name, watched=False)
    assert asked


@pytest.mark.parametrize(("name", "path"), [("hoa-binh", "/apiLyLichTuPhap/"), ("phu-tho-2025", "/apiLLTPVNeID/")])
def test_a_manifest_chooses_its_backend_by_the_provinces_era(lgsp_loaded: Loaded, name: str, path: str) -> None:
    async def story(province: Province) -> None:
        code = f"{province.folder.agency}.03-221101-9901"
        reply = await province.call(
            "criminal-record", "traTrangThaiHs", {"idReceivedDec": code, "infoType": "2"}, headers=PURPOSE
        )
        assert reply.code == "ok", reply.data
        ((_, request, _),) = [each for each in province.transport.seen if "token" not in each[1].target]
        assert request.target.startswith(path)

    tell(story, loaded=lgsp_loaded, province=name, watched=False)


def test_what_was_right_before_the_merger_is_refused_or_misread_after_it(lgsp_loaded: Loaded) -> None:
    """A district's unit is nobody's now; an old commune's code is unknown, or another commune's."""

    async def before(province: Province) -> list[dict[str, object]]:
        return [dict(each) for each in province.simulator.admin.examples() if each["expect"] == "ok"]

    async def after(province: Province) -> dict[str, str]:
        found = {}
        for each in old:
            if each["operation"] in ("dangKyHoTich", "TiepNhanHoSo"):
                headers = each.get("headers") or {}
                reply = await province.call(each["system"], each["operation"], each["request"], headers=headers)  # type: ignore[arg-type]
                found.setdefault(str(each["operation"]), reply.code)
        reply = await province.call("document-exchange", "getAgenciesList", {}, consumer="qlvb")
        assert "H44.101" in reply.body.decode()
        return found

    old = tell(before, loaded=lgsp_loaded, province="hoa-binh", watched=False)
    assert tell(after, loaded=lgsp_loaded, province="phu-tho-2025", watched=False) == {
        "dangKyHoTich": "provider-fault",
        "TiepNhanHoSo": "provider-fault",
    }
