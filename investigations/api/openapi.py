"""Builds the OpenAPI document (3.1) from the table of addresses and the types of the answers."""

from functools import cache
from typing import Any

from investigations.api.routes import ROUTES, Parameter, Route
from investigations.api.schema import Schema, Schemas

VERSION = "1"
ABOUT = """Ask the trail from a program. Every asking is on record, under the key's name.

A key with the scope trail:read comes as `Authorization: Bearer tk_…`; an admin makes it on the page Writers. It finds every
event of the platform, and none of the console's own records of what people do. Whoever is signed in may GET the same
addresses with their session, and finds what they find on the pages.

In a path, an identifier that holds anything but letters, digits and `_:@=+-.`, or begins with a point, stands as base64url
(RFC 4648, with padding) of its UTF-8 behind a `~`.
"""
_ERRORS = {
    "400": "What is asked is not understood; the sentence says where.",
    "401": "There is no key that works, and no session.",
    "403": "The key, or the person's role, does not open this.",
    "405": "The address takes another method.",
    "413": "The body is too large.",
    "415": "The body is of no type that is read.",
    "429": "Too much at once; Retry-After says in how many seconds to ask again.",
    "503": "The trail does not answer, or not in full; Retry-After says when to ask again.",
}


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    schemas = Schemas()
    paths = {f"/api/v1/{route.path}": _path(route, schemas) for route in ROUTES}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Audit Console", "version": VERSION, "description": ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": {**schemas.components, "Error": _error()},
            "responses": {f"error{status}": _refusal(status) for status in _ERRORS},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A key with the scope trail:read."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "sessionid",
                    "description": "Signed in; GET alone.",
                },
            },
        },
    }


def _path(route: Route, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "responses": {
            "200": {
                "description": "The answer; “never” is an answer too.",
                "content": {"application/json": {"schema": schemas.of(route.answer)}},
            },
            **{status: {"$ref": f"#/components/responses/error{status}"} for status in _ERRORS},
        },
    }
    if route.parameters:
        operation["parameters"] = [_parameter(parameter) for parameter in route.parameters]
    if route.sends_list:
        operation["requestBody"] = _list()
        operation["security"] = [{"key": []}]
    return {"post" if route.sends_list else "get": operation}


def _parameter(parameter: Parameter) -> Schema:
    text: Schema = {"type": "string"}
    schema = {"type": "array", "items": text} if parameter.many else text
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.help,
        "schema": schema,
    }


def _list() -> Schema:
    listed = {"type": "array", "items": {"type": "string"}, "maxItems": 10_000}
    body = {
        "type": "object",
        "additionalProperties": False,
        "required": ["indicators"],
        "properties": {"indicators": listed},
    }
    return {
        "required": True,
        "content": {
            "application/json": {"schema": body},
            "text/plain": {"schema": {"type": "string", "description": "One a line, or the first column of a CSV."}},
        },
    }


def _error() -> Schema:
    return {
        "type": "object",
        "description": "A sentence that says what is wrong and what to do.",
        "properties": {"error": {"type": "string"}, "status": {"type": "integer"}},
        "required": ["error", "status"],
        "additionalProperties": False,
    }


def _refusal(status: str) -> Schema:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    response: Schema = {"description": _ERRORS[status], "content": content}
    if status in ("429", "503"):
        response["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return response
