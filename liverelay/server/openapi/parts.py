"""What the description of the HTTP API is put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from enum import Enum

    from liverelay.errors import ErrorCode

_JSON = "application/json"

UUID = {"type": "string", "format": "uuid"}
COUNT = {"type": "integer", "minimum": 0}


def operation(
    operation_id: str,
    summary: str,
    *,
    success: dict[str, Any],
    errors: tuple[ErrorCode, ...] = (),
    body: str | None = None,
    security: list[dict[str, list[str]]] | None = None,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id,
        "summary": summary,
        "security": [{"apiKey": []}] if security is None else security,
        "responses": {**success, **_error_responses(errors)},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": content(body)}
    return operation


def _error_responses(errors: tuple[ErrorCode, ...]) -> dict[str, Any]:
    by_status: dict[int, list[ErrorCode]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    responses: dict[str, Any] = {}
    for status, codes in sorted(by_status.items()):
        lines = (f"`{code.value}`: {code.message}" for code in codes)
        responses[str(status)] = {"description": "\n\n".join(lines), "content": content("Error")}
        if status in {429, 503}:
            responses[str(status)]["headers"] = {
                "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
            }
    return responses


def answer(
    status: int,
    description: str,
    schema: str | None = None,
    *,
    is_list: bool = False,
    location: str | None = None,
) -> dict[str, Any]:
    response: dict[str, Any] = {"description": description}
    if schema is not None:
        response["content"] = content(schema, is_list=is_list)
    if location is not None:
        response["headers"] = {"Location": {"description": location, "schema": {"type": "string"}}}
    return {str(status): response}


def text_answer(description: str, content_type: str) -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    return {"200": {"description": description, "content": {content_type: text}}}


def content(schema: str, *, is_list: bool = False) -> dict[str, Any]:
    return {_JSON: {"schema": list_of(schema) if is_list else reference(schema)}}


def parameter(name: str, description: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", **(UUID if schema is None else schema)},
    }


def record(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def list_of(schema: str) -> dict[str, Any]:
    return {"type": "array", "items": reference(schema)}


def reference(schema: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema}"}


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def choice(values: type[Enum]) -> dict[str, Any]:
    return {"type": "string", "enum": [value.value for value in values]}
