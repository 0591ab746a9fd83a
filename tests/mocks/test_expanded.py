"""Messages by expanded names: a prefix is no difference, a namespace is one and is named with its element."""

from __future__ import annotations

import pytest

from lgsp.home import builtin
from lgsp.xml import parse_xml
from lgsp_mocks import catalogue
from lgsp_mocks.expanded import body_of, difference, misnamed

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WANTED = parse_xml(b'<hoi xmlns="urn:mot"><ma loai="a">H1</ma><ten>M\xe1\xba\xabu</ten></hoi>')


@pytest.mark.parametrize(
    "same",
    [
        '<hoi xmlns="urn:mot"><ma loai="a">H1</ma><ten>Mẫu</ten></hoi>',
        '<x:hoi xmlns:x="urn:mot"><x:ma loai="a">\n H1 </x:ma><x:ten>Mẫu</x:ten></x:hoi>',
        '<a:hoi xmlns:a="urn:mot" xmlns:b="urn:mot" xmlns:q="urn:khac"><b:ma loai="a">H1</b:ma><a:ten>Mẫu</a:ten></a:hoi>',
    ],
)
def test_prefixes_are_no_difference(same: str) -> None:
    assert difference(WANTED, parse_xml(same.encode())) == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ('<hoi xmlns="urn:hai"><ma xmlns="urn:mot" loai="a">H1</ma><ten xmlns="urn:mot">Mẫu</ten></hoi>',
         ["/hoi: in namespace 'urn:hai', wanted 'urn:mot'"]),
        ('<x:hoi xmlns:x="urn:mot"><ma loai="a">H1</ma><x:ten>Mẫu</x:ten></x:hoi>',
         ["/hoi/ma: in namespace '', wanted 'urn:mot'"]),
        ('<hoi xmlns="urn:mot"><ma loai="b">H2</ma></hoi>',
         ["/hoi/ma/@loai: wanted 'a', has 'b'", "/hoi/ma: wanted 'H1', has 'H2'", "/hoi/ten: missing"]),
        ('<hoi xmlns="urn:mot"><ma loai="a">H1</ma><ten>Mẫu</ten><tuoi/></hoi>', ["/hoi/tuoi: nobody wanted it"]),
        ('<tim xmlns="urn:mot"/>', ["/tim: wanted <hoi>"]),
    ],
)  # fmt: skip
def test_a_difference_says_which_element_is_elsewhere(other: str, said: list[str]) -> None:
    assert difference(WANTED, parse_xml(other.encode())) == said


def test_the_type_of_an_element_is_a_name_too() -> None:
    one, same, other = (
        parse_xml(
            f'<a xmlns:{p}="{space}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="{p}:T"/>'.encode()
        )
        for p, space in (("p", "urn:1"), ("q", "urn:1"), ("p", "urn:2"))
    )
    assert difference(one, same) == []
    assert "wanted '{urn:1}T', has '{urn:2}T'" in difference(one, other)[0]


def test_a_message_beside_its_contract() -> None:
    backends = catalogue.read([builtin()])["population"].backends.values()
    backend = next(each for each in backends if "TraCuuThongTinCongDan" in each.contract.operations)
    space = "http://dancuquocgia.bca"

    def message(root: str, field: str) -> bytes:
        return (
            f'<e:Envelope xmlns:e="{SOAP}"><e:Body><b:TraCuuThongTinCongDan xmlns:b="{root}" xmlns:f="{field}">'
            "<f:MaYeuCau>1</f:MaYeuCau></b:TraCuuThongTinCongDan></e:Body></e:Envelope>"
        ).encode()

    assert misnamed(backend.contract, message(space, space)) == []
    assert misnamed(backend.contract, message("urn:sai", space)) == [
        f"/TraCuuThongTinCongDan: in namespace 'urn:sai', wanted '{space}'"
    ]
    assert misnamed(backend.contract, message(space, "urn:sai")) == [
        f"/TraCuuThongTinCongDan/MaYeuCau: in namespace 'urn:sai', wanted '{space}'"
    ]
    assert misnamed(backend.contract, message(space, space).replace(b"TraCuuThongTin", b"Khac")) == []
    assert misnamed(backend.contract, b"<khong") == []


def test_the_body_of_what_is_no_message() -> None:
    assert body_of(b"{}") is None
    assert body_of(f'<e:Envelope xmlns:e="{SOAP}"><e:Body/></e:Envelope>'.encode()) is None
