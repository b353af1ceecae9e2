"""A LiveRelay server's HTTP API, as its users call it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import aiohttp

from liverelay.errors import ConfigError, ErrorCode, RefusedError, UnreachableError
from liverelay.setting import is_web_address

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=5)


class ServerApi:
    """Requests to one server; the caller owns `http`.

    Every method raises `RefusedError` with the server's code, or `UnreachableError`.
    """

    def __init__(self, http: aiohttp.ClientSession, url: str, key: str) -> None:
        """Raises: ConfigError: `url` is not one."""
        if not is_web_address(url):
            raise ConfigError(f"{url!r} is not the URL of a server, such as http://localhost:8080")
        self.url = url.rstrip("/")
        self._http = http
        self._key = key

    async def create_room(self) -> str:
        room = await self._request("POST", "/v1/rooms", self._key, {"room_type": "broadcast"})
        return str(room["id"])

    async def check_room(self, room_id: str) -> None:
        await self._request("GET", f"/v1/rooms/{room_id}", self._key)

    async def delete_room(self, room_id: str) -> None:
        await self._request("DELETE", f"/v1/rooms/{room_id}", self._key)

    async def create_token(self, room_id: str, role: str) -> str:
        path = f"/v1/rooms/{room_id}/token"
        return str((await self._request("POST", path, self._key, {"role": role}))["token"])

    async def join(self, role: str, token: str, offer: str) -> str:
        """Join as publisher ("publish") or viewer ("subscribe"); return the answer."""
        body = {"sdp": offer, "type": "offer"}
        return str((await self._request("POST", f"/sfu/{role}", token, body))["sdp"])

    async def _request(
        self, method: str, path: str, bearer: str, body: Mapping[str, str] | None = None
    ) -> Any:  # noqa: ANN401 what JSON holds
        headers = {"Authorization": f"Bearer {bearer}"}
        try:
            async with self._http.request(
                method, self.url + path, headers=headers, json=body, timeout=_TIMEOUT
            ) as response:
                text = await response.text()
                status = response.status
        except aiohttp.InvalidURL:
            raise ConfigError(f"'{self.url}' is not the URL of a server") from None
        except aiohttp.ClientConnectorCertificateError as error:
            why = error.certificate_error
            raise UnreachableError(
                f"cannot trust the certificate of {self.url}: {why}; --insecure accepts any"
            ) from None
        except (aiohttp.ClientError, UnicodeDecodeError, TimeoutError) as error:
            raise UnreachableError(f"cannot reach {self.url}: {_reason(error)}") from None
        return self._read(status, text)

    def _read(self, status: int, text: str) -> Any:  # noqa: ANN401 what JSON holds
        try:
            answer = json.loads(text) if text else None
        except ValueError:
            answer = None
        if status == 204:
            return None
        if isinstance(answer, dict) and status < 300:
            return answer
        if isinstance(answer, dict) and "error" in answer:
            raise _refusal(answer)
        raise UnreachableError(f"{self.url} does not answer like a LiveRelay server ({status})")


def _refusal(answer: Mapping[str, object]) -> RefusedError | UnreachableError:
    message = str(answer.get("message", ""))
    for code in ErrorCode:
        if code.value == answer["error"]:
            return RefusedError(code, message)
    return UnreachableError(f"{answer['error']}: {message}")  # a newer server's code


def _reason(error: Exception) -> str:
    """Return what went wrong without what aiohttp puts around it."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name cannot be resolved"
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno is not None:
        return os.strerror(error.os_error.errno)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
