from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liverelay.config import (
    LogFormat,
    LogLevel,
    Settings,
    list_settings,
    load_settings,
)
from liverelay.errors import ConfigError
from tests.support.settings import config_error, load_config


def test_defaults_are_the_documented_ones(config_file: Path) -> None:
    settings = load_config(config_file)

    assert settings == Settings()
    assert (settings.host, settings.port, settings.udp_port) == ("0.0.0.0", 8080, None)
    assert settings.token_ttl == 24 * 60 * 60
    assert settings.cors_origin == ("*",)


def test_each_source_overrides_the_one_before(config_file: Path) -> None:
    text = "port = 1\nmax_rooms = 1\nmax_sessions = 1\n"
    environment = {"LIVERELAY_MAX_ROOMS": "2", "LIVERELAY_MAX_SESSIONS": "2"}

    settings = load_config(config_file, text, environment=environment, flags={"max_sessions": 3})

    assert (settings.port, settings.max_rooms, settings.max_sessions) == (1, 2, 3)
    assert settings.host == "0.0.0.0"


def test_flag_that_was_not_given_overrides_nothing(config_file: Path) -> None:
    flags: dict[str, object] = {"port": None, "cors_origin": []}

    settings = load_config(config_file, "port = 1\ncors_origin = 'https://a.example'", flags=flags)

    assert settings.port == 1
    assert settings.cors_origin == ("https://a.example",)


def test_zero_given_as_a_flag_counts(config_file: Path) -> None:
    assert load_config(config_file, "port = 1", flags={"port": 0}).port == 0


def test_empty_variable_counts_as_not_set(config_file: Path) -> None:
    assert load_config(config_file, "port = 1", environment={"LIVERELAY_PORT": ""}).port == 1


@pytest.mark.parametrize("content", [b"\xff\xfe", b"port =", b"p = " + b"[" * 5000, b"p = \x00"])
def test_damaged_file_is_named(config_file: Path, content: bytes) -> None:
    config_file.write_bytes(content)

    with pytest.raises(ConfigError, match=r"config\.toml: ") as caught:
        load_settings(config_file=config_file, environment={})

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("prot = 1", 1),
        ("# a comment\n\nport = 1\nprot = 1", 4),
        ("# prot = 0\n  prot=1", 2),
        ("\n'prot' = 1", 2),
        ('port = 1\n"prot" = 1', 2),
        ("\n\n[prot]\nport = 1", 3),
        ("\n[[prot]]\nport = 1", 2),
        ("port = 1\n[prot.deep]\nx = 1", 2),
        ("port = 1\nprot.deep = 1", 2),
    ],
)
def test_unknown_key_names_its_line(config_file: Path, text: str, line: int) -> None:
    assert config_error(config_file, text) == f"FILE line {line}: unknown key 'prot'"


def test_key_that_is_part_of_another_is_told_apart(config_file: Path) -> None:
    assert config_error(config_file, "udp_port = 1\nudp = 2") == "FILE line 2: unknown key 'udp'"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("port = '8080'", "port must be a whole number"),
        ("port = 80.5", "port must be a whole number"),
        ("port = true", "port must be a whole number"),
        ("host = 5", "host must be a string"),
        ("data_dir = ['x']", "data_dir must be a string"),
        ("log_level = 3", "log_level must be a string"),
        ("log_level = 'loud'", "log_level must be one of debug, info, warning, error"),
        ("log_format = 'xml'", "log_format must be one of text, json"),
        ("cors_origin = 5", "cors_origin must be a list of strings"),
        ("cors_origin = ['https://a.example', 5]", "cors_origin must be a list of strings"),
        ("port = 65536", "port must be at most 65535"),
        ("port = -1", "port must be at least 0"),
        ("max_rooms = 0", "max_rooms must be at least 1"),
        ("token_ttl = 0", "token_ttl must be at least 1"),
        ("token_ttl = 31536001", "token_ttl must be at most 31536000"),
    ],
)
def test_wrong_value_names_its_line(config_file: Path, text: str, sentence: str) -> None:
    assert config_error(config_file, f"# settings\n{text}") == f"FILE line 2: {sentence}"


@pytest.mark.parametrize("text", ["eighty", "80.5", "", " ", "0x50"])
def test_wrong_number_names_its_variable(config_file: Path, text: str) -> None:
    environment = {"LIVERELAY_PORT": text or "x"}

    assert config_error(config_file, environment=environment) == (
        "LIVERELAY_PORT: port must be a whole number"
    )


def test_value_out_of_range_names_its_variable_or_flag(config_file: Path) -> None:
    assert config_error(config_file, environment={"LIVERELAY_PORT": "70000"}) == (
        "LIVERELAY_PORT: port must be at most 65535"
    )
    assert config_error(config_file, flags={"port": -1}) == "--port: port must be at least 0"


def test_wrong_choice_names_its_variable(config_file: Path) -> None:
    assert config_error(config_file, environment={"LIVERELAY_LOG_LEVEL": "loud"}) == (
        "LIVERELAY_LOG_LEVEL: log_level must be one of debug, info, warning, error"
    )


def test_choices_are_read(config_file: Path) -> None:
    settings = load_config(config_file, "log_level = 'debug'", flags={"log_format": LogFormat.JSON})

    assert (settings.log_level, settings.log_format) == (LogLevel.DEBUG, LogFormat.JSON)


def test_list_is_an_array_or_one_string_in_the_file(config_file: Path) -> None:
    assert load_config(config_file, "public_address = ['::1', 'auto']").public_address == (
        "::1",
        "auto",
    )
    assert load_config(config_file, "public_address = 'auto'").public_address == ("auto",)


def test_list_is_separated_by_commas_in_the_environment(config_file: Path) -> None:
    environment = {"LIVERELAY_PUBLIC_ADDRESS": " 192.0.2.1, sfu.example.com,,"}

    settings = load_config(config_file, environment=environment)

    assert settings.public_address == ("192.0.2.1", "sfu.example.com")


def test_path_may_begin_at_the_home_directory(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")

    settings = load_config(config_file, "data_dir = '~/live'")

    assert settings.data_dir == Path("/home/somebody/live")


def test_path_in_the_home_of_nobody_is_refused(config_file: Path) -> None:
    assert config_error(config_file, "data_dir = '~no-such-user/live'") == (
        "FILE line 1: '~no-such-user/live' is in the home of a user unknown here"
    )


@pytest.mark.parametrize(
    "address",
    ["192.0.2.1", "2001:db8::1", "auto", "localhost", "sfu.example.com", "sfu.example.com.", "a-b"],
)
def test_usable_address_is_taken(config_file: Path, address: str) -> None:
    assert load_config(config_file, flags={"public_address": [address]}).public_address == (
        address,
    )


@pytest.mark.parametrize(
    "address",
    [
        "",
        "192.0.2",
        "192.0.2.256",
        "1.2.3.4:80",
        "-a",
        "a..b",
        "a b",
        "http://a",
        "[::1]",
        "a" * 64,
    ],
)
def test_unusable_address_is_refused(config_file: Path, address: str) -> None:
    assert config_error(config_file, flags={"public_address": [address]}) == (
        f"--public-address: '{address}' is neither an IP address nor a DNS name nor auto"
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", "127.0.0.1", "localhost"])
def test_usable_host_is_taken(config_file: Path, host: str) -> None:
    assert load_config(config_file, flags={"host": host}).host == host


@pytest.mark.parametrize("host", ["", "a..b", "127.0.0.1:80", "[::]", "x" * 70, "\0"])
def test_unusable_host_is_refused(config_file: Path, host: str) -> None:
    assert config_error(config_file, flags={"host": host}) == (
        f"--host: '{host}' is neither an IP address nor a DNS name"
    )


@pytest.mark.parametrize("origin", ["*", "https://a.example", "http://[::1]:80", "app://x"])
def test_usable_origin_is_taken(config_file: Path, origin: str) -> None:
    assert load_config(config_file, flags={"cors_origin": [origin]}).cors_origin == (origin,)


@pytest.mark.parametrize("origin", ["", "null", "a.example", "https://", "https://a/b"])
def test_unusable_origin_is_refused(config_file: Path, origin: str) -> None:
    assert "is not an origin such as" in config_error(config_file, flags={"cors_origin": [origin]})


def test_tls_pair_may_come_from_two_sources(config_file: Path) -> None:
    settings = load_config(
        config_file, "tls_cert = 'cert.pem'", environment={"LIVERELAY_TLS_KEY": "key.pem"}
    )

    assert (settings.tls_cert, settings.tls_key) == (Path("cert.pem"), Path("key.pem"))


def test_default_is_shown_as_text() -> None:
    texts = {setting.name: setting.default_text for setting in list_settings()}

    assert texts["port"] == "8080"
    assert texts["cors_origin"] == "*"
    assert texts["udp_port"] == ""
    assert texts["data_dir"] == "the user's data directory"


@given(text=st.text(max_size=40), name=st.sampled_from([item.name for item in list_settings()]))
def test_any_variable_gives_settings_or_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, name: str, text: str
) -> None:
    empty = tmp_path_factory.getbasetemp() / "empty.toml"
    empty.touch()
    environment = {f"LIVERELAY_{name.upper()}": text}

    outcome: object
    try:
        outcome = load_settings(config_file=empty, environment=environment)
    except ConfigError as error:
        outcome = error

    assert isinstance(outcome, (Settings, ConfigError))


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("[::1]:0", ("::1", 0)),
        ("metrics.internal:65535", ("metrics.internal", 65535)),
    ],
)
def test_endpoint_is_an_address_and_a_port(
    config_file: Path, text: str, endpoint: tuple[str, int]
) -> None:
    assert load_config(config_file, f"metrics_bind = '{text}'").metrics_bind == endpoint


@pytest.mark.parametrize("text", ["9464", ":9464", "127.0.0.1", "::1:9464", "a b:1", "host:65536"])
def test_anything_else_is_no_endpoint(config_file: Path, text: str) -> None:
    sentence = config_error(config_file, f"metrics_bind = '{text}'")

    assert sentence == f"FILE line 1: '{text}' is not HOST:PORT, such as 127.0.0.1:9464"


@pytest.mark.parametrize(
    "text", ["too-short", "a secret with spaces", "s" * 513, "schlüssel-zu-allem"]
)
def test_unusable_secret_is_refused_without_showing_it(config_file: Path, text: str) -> None:
    sentence = config_error(config_file, environment={"LIVERELAY_METRICS_TOKEN": text})

    assert sentence == (
        "LIVERELAY_METRICS_TOKEN: metrics_token must be 16 to 512 letters, digits or ._~+/=-"
    )


def test_half_of_what_only_a_server_uses_is_no_concern_of_other_commands(config_file: Path) -> None:
    text = "tls_cert = 'cert.pem'\nwebhook_secret = 'a-secret-of-webhooks'"

    settings = load_config(config_file, text)

    assert (settings.tls_cert, settings.tls_key) == (Path("cert.pem"), None)
    assert (settings.webhook_url, settings.webhook_secret) == (None, "a-secret-of-webhooks")


@pytest.mark.parametrize(
    "url",
    [
        "a.example/x",
        "ftp://a.example",
        "https://",
        "https://user:password@a.example",
        "https://a.example:99999",
        "https://a.example:0",
        "https://[::1",
        "https://a..example",
        "https://\u00fc.example",
        "https://a.example/\u2028",
    ],
)
def test_anything_else_is_no_web_address(config_file: Path, url: str) -> None:
    sentence = config_error(config_file, environment={"LIVERELAY_WEBHOOK_URL": url})

    assert sentence == (
        "LIVERELAY_WEBHOOK_URL: webhook_url is not a URL such as https://example.com/path"
    )
