"""Settings: later sources win, every value knows its origin, an unknown key names the nearest one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lgsp.settings import Settings, SettingsError, keys, load, settings_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("from-a-file\n")
    path = tmp_path / "lgsp.toml"
    path.write_text(
        """
        port = 8081
        data = "here"
        [limits]
        body = "5 MB"
        [upstreams.platform]
        manner = "oauth2"
        client_secret_file = "secret"
        [systems.some-system.secrets]
        authHash = "plain"
        """
    )
    return path


def test_nothing_set_is_a_valid_installation() -> None:
    assert load().settings == Settings()


def test_file_below_environment_below_command_line(file: Path) -> None:
    found = load(file, {"LGSP_PORT": "8082", "LGSP_HOST": "::1"}, {"host": "127.0.0.2", "demo": None})
    assert (found.settings.host, found.settings.port, found.settings.limits.body) == ("127.0.0.2", 8082, 5 << 20)
    assert found.origins["host"] == "command line"
    assert found.origins["port"] == "LGSP_PORT"
    assert found.origins["limits.body"] == "lgsp.toml"
    assert found.settings.demo is False


def test_paths_of_a_file_are_meant_from_where_it_stands(file: Path) -> None:
    assert load(file).settings.data == file.parent / "here"


def test_secrets_come_from_files_and_are_never_shown(file: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("of-the-environment\n")
    env = {"LGSP_SYSTEMS__SOME_SYSTEM__SECRETS__maXacThuc_FILE": str(tmp_path / "other")}
    found = load(file, env)
    upstream = found.settings.upstream("platform")
    assert upstream is not None
    assert upstream.client_secret == "from-a-file"
    assert found.settings.system("some-system").secrets == {"authHash": "plain", "maXacThuc": "of-the-environment"}
    shown = {key: value for key, value, _ in found.rows()}
    assert shown["upstreams.platform.client_secret"] == "********"
    assert shown["systems.some-system.secrets.authHash"] == "********"
    for secret in ("from-a-file", "plain", "of-the-environment"):
        assert secret not in repr(found.settings)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"LGSP_PROT": "1"}, "LGSP_PROT: unknown key prot; did you mean port?"),
        ({"LGSP_LIMITS__CONECTIONS": "1"}, "did you mean limits.connections?"),
        ({"LGSP_LIMITS": "1"}, "limits is a table"),
        ({"LGSP_PORT": "many"}, "LGSP_PORT: port must be a whole number"),
        ({"LGSP_LIMITS__BODY": "5 miles"}, "must be a size"),
        ({"LGSP_LOG_LEVEL": "loud"}, "one of debug, info, warning, error"),
    ],
)
def test_a_wrong_variable_is_named_with_what_to_do(env: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said.replace("?", r"\?")):
        load(env=env)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[upstreams.x]\nclient_secrt = 'a'", "did you mean upstreams.x.client_secret?"),
        ("limits = 5", "limits must be a table"),
        ("port = ", "not valid TOML"),
        ("[upstreams.x]\npassword_file = 'absent'", "cannot read"),
    ],
)
def test_a_wrong_file_is_named_with_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "lgsp.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert said in str(caught.value)
    assert "lgsp.toml" in str(caught.value)


def test_a_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "lgsp.toml"
    path.write_text("[upstreams.x]\nclient_secret = 123456789")
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert "123456789" not in str(caught.value)


def test_what_an_agencys_program_finds_in_its_environment_is_no_setting() -> None:
    """`examples/` and `lgsp certify` hand these to clients; who has exported them may still use the command line."""
    client = {
        "LGSP_URL": "http://127.0.0.1:8080",
        "LGSP_API_KEY": "x",
        "LGSP_CLIENT_ID": "x",
        "LGSP_CLIENT_SECRET": "x",
    }
    assert load(None, client).settings == load(None, {}).settings


def test_the_file_is_found_beside_or_by_name(tmp_path: Path) -> None:
    assert settings_file({}, tmp_path) is None
    (tmp_path / "lgsp.toml").touch()
    assert settings_file({}, tmp_path) == tmp_path / "lgsp.toml"
    assert settings_file({"LGSP_CONFIG": "/etc/x.toml"}, tmp_path) == Path("/etc/x.toml")


def test_no_number_may_mean_infinity() -> None:
    """RULES 6 and 10: every limit has a finite default."""
    from dataclasses import fields

    from lgsp.settings import Limits

    assert all(0 < getattr(Limits(), field.name) < 2**31 for field in fields(Limits))


def test_keys_names_what_may_be_set() -> None:
    assert {"port", "limits.body", "upstreams.<name>.client_secret", "systems.<name>.secrets.<name>"} <= set(keys())
