"""mocks/shared_catalogue.py: the catalogues alone, in their own dialect, and who is let in at the older service."""

from __future__ import annotations

import base64
from datetime import datetime

import pytest

from lgsp.model import HttpRequest
from lgsp.runtime import HANOI, Runtime
from lgsp_mocks import clock, ngsp
from lgsp_mocks import shared_catalogue as ministry
from lgsp_mocks.handler import Ask, HttpFault
from lgsp_mocks.world import Province, World

NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)


@pytest.fixture(scope="module")
def world():
    return World(Province.load("hoa-binh"), 1, 400)


def ask(world, operation, state=None, backend="dmdc", **data):
    return ministry.HANDLERS[backend][operation](
        Ask(world, "shared-catalogue", backend, operation, data, NOW, {} if state is None else state)
    )


def test_structure_and_records_fit(world):
    names = [each["PropertyCode"] for each in ask(world, "Metadata", code="qlvanbandieuhanhcap1")["result"]]
    for record in ask(world, "Category", code="qlvanbandieuhanhcap1")["result"]:
        assert list(record) == names


def test_an_unknown_catalogue_is_said_in_two_ways(world):
    with pytest.raises(HttpFault) as caught:
        ask(world, "Metadata", code="khongco")
    assert caught.value.status == 404
    assert ask(world, "Category", code="khongco") == {"result": []}


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"Ma": "1", "Ten": "x"}, 'Ma "1" is duplicate'),
        ({"Ten": "x"}, "Ma is required"),
        ({"Ma": "", "Ten": "x"}, "Ma is required"),
        ({"Ma": "9", "Khac": "x"}, "Khac is not defined"),
    ],
)
def test_refusals_name_the_record_by_its_number(world, record, said):
    state = {}
    answer = ask(world, "PostCategory", state, code="dokhanvanban", body=[{"Ma": "8", "Ten": "Tám"}, record])
    assert answer == {"MSG": f"Data not insert: Record 2: {said}", "Count": 0}
    assert state == {}, "all or nothing"


def test_two_of_one_key_in_one_message_are_one_too_many(world):
    two = [{"Ma": "8", "Ten": "Tám"}, {"Ma": "8", "Ten": "Tám nữa"}]
    answer = ask(world, "PostCategory", code="dokhanvanban", body=two)
    assert answer["MSG"] == 'Data not insert: Record 2: Ma "8" is duplicate'


@pytest.mark.parametrize("day", ["2018-08-16", "32/01/2018", "16/8/2018", "hôm qua"])
def test_a_date_is_written_as_the_guide_writes_it(world, day):
    record = {"MaDinhDanhCap1": "VIDU.1", "NgayBanHanhQd": day}
    answer = ask(world, "PostCategory", code="qlvanbandieuhanhcap1", body=[record])
    assert answer == {"MSG": f'Data not insert: Record 1: NgayBanHanhQd "{day}" is not DateTime', "Count": 0}


def test_an_example_may_be_posted_again_unchanged_and_not_otherwise(world):
    state = {}
    record = {"Ma": "VIDU01", "Ten": "Ví dụ"}
    for _ in range(2):
        assert ask(world, "PostCategory", state, code="dokhanvanban", body=[record])["MSG"] == "Done"
    assert len(state["records"]["dokhanvanban"]) == 1
    other = ask(world, "PostCategory", state, code="dokhanvanban", body=[record | {"Ten": "Khác"}])
    assert other["Count"] == 0


def test_both_services_list_the_same_catalogues(world):
    new = [each["CategoryCode"] for each in ask(world, "AllCategory")["result"]]
    old = [each["Code"] for each in ask(world, "AllCategory", backend="wcf")["AllCategoryResult"]]
    assert new == old
    assert len(new) == 36


@pytest.mark.parametrize(
    ("credentials", "client"),
    [("lgsp:demo-dmdc", "lgsp"), ("lgsp:sai", ""), (":demo-dmdc", ""), ("lgsp", ""), (None, "")],
)
def test_the_older_service_wants_name_and_password_with_each_call(credentials, client):
    async def story(runtime: Runtime) -> str:
        given = (
            {} if credentials is None else {"authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"}
        )
        return ngsp.Tokens(runtime).client_by_basic(HttpRequest("GET", "/", given))

    assert clock.run(story, 1) == client
