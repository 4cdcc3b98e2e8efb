"""The API's own description (OpenAPI 3.1), so that programs and people find out by themselves."""

from typing import Any

import msgspec

from buchbar.booking.halls.api_words import SeriesSaid

_TOWN = {"name": "town", "in": "path", "required": True, "schema": {"type": "string"}, "description": "like diepholz"}
_HALL = {"name": "slug", "in": "path", "required": True, "schema": {"type": "string"}}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 200},
    "description": "The same request under the same key is done once; kept for a day.",
}
_SLOT = {
    "type": "object",
    "properties": {
        "hall": {"type": "string"},
        "parts": {"type": "array", "items": {"type": "integer"}},
        "start": {"type": "string", "format": "date-time"},
        "minutes": {"type": "integer"},
    },
}
_DATE = {
    "type": "object",
    "properties": {
        "day": {"type": "string", "format": "date"},
        "state": {"enum": ["free", "taken", "refused"]},
        "why": {"type": "string"},
        "cents": {"type": "integer"},
        "slot": {"anyOf": [{"$ref": "#/components/schemas/Slot"}, {"type": "null"}]},
        "alternatives": {"type": "array", "items": {"$ref": "#/components/schemas/Slot"}},
    },
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457; 'fields' says what is wrong where, 'dates' what is free now",
    "properties": {
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "fields": {"type": "object", "additionalProperties": {"type": "string"}},
        "dates": {"type": "array", "items": {"$ref": "#/components/schemas/Date"}},
    },
}


def document(base_url: str) -> dict[str, Any]:
    """The whole description."""
    (said,), schemas = msgspec.json.schema_components([SeriesSaid], ref_template="#/components/schemas/{name}")
    body = {"required": True, "content": {"application/json": {"schema": said}}}
    secured: list[dict[str, list[str]]] = [{"token": []}, {"cookie": []}]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Buchbar: Sporthallen", "version": "1"},
        "servers": [{"url": base_url}],
        "paths": {
            "/api/v1/{town}/halls": {"get": _operation("The town's halls", [_TOWN], "halls", {})},
            "/api/v1/{town}/halls/{slug}/free": {
                "get": _operation("The free beginnings of a day", [_TOWN, _HALL, *_questions()], "free", _ref("Slot"))
            },
            "/api/v1/{town}/halls/{slug}/series/check": {
                "post": _operation("Every date of a series; nothing is booked", [_TOWN, _HALL], "dates", _ref("Date"))
                | {"requestBody": body, "security": secured}
            },
            "/api/v1/{town}/series": {
                "post": _operation("Book a series", [_TOWN, _KEY], "booked", {}, "201")
                | {"requestBody": body, "security": secured}
            },
        },
        "components": {
            "schemas": schemas | {"Slot": _SLOT, "Date": _DATE, "Problem": _PROBLEM},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "made on /konto/api"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "konto"},
            },
        },
    }


def _questions() -> list[dict[str, Any]]:
    asked = {"day": ("string", True), "minutes": ("integer", True), "parts": ("string", True)}
    asked["organisation"] = ("string", False)
    return [
        {"name": name, "in": "query", "required": required, "schema": {"type": kind}}
        for name, (kind, required) in asked.items()
    ]


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(
    summary: str, parameters: list[dict[str, Any]], holds: str, items: dict[str, Any], status: str = "200"
) -> dict[str, Any]:
    schema = {"type": "object", "properties": {holds: {"type": "array", "items": items}}}
    problem = {"content": {"application/problem+json": {"schema": _ref("Problem")}}}
    return {
        "summary": summary,
        "parameters": parameters,
        "responses": {
            status: {"description": "done", "content": {"application/json": {"schema": schema}}},
            "default": {"description": "why not"} | problem,
        },
    }
