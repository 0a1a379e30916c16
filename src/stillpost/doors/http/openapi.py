"""The API described (OpenAPI 3.1), for people and for the test that holds the door to it."""

from typing import Any

from stillpost.doors.http import words
from stillpost.language import OFFERED


def openapi(portals: tuple[str, ...]) -> dict[str, Any]:
    """The description of the API with these portals."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Stillpost",
            "version": "1",
            "description": "Takes a request for a support portal. Nothing is mailed to an address before its owner proved "
            "it; what is said never depends on the address.",
        },
        "paths": {
            "/api/v1/portals/{portal}/requests": {
                "post": {
                    "operationId": "takeRequest",
                    "summary": "Take a request in",
                    "parameters": [
                        {
                            "name": "portal",
                            "in": "path",
                            "required": True,
                            "schema": {"type": "string", "enum": list(portals)},
                        },
                        {
                            "name": "Idempotency-Key",
                            "in": "header",
                            "description": "The same key and body give the same answer for a day; another body: 422.",
                            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
                        },
                    ],
                    "security": [{}, {"key": []}],
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Request"}}},
                    },
                    "responses": _responses(),
                }
            }
        },
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "The portal's key, from api_key_file."}
            },
            "schemas": {"Request": _request(), "Answer": _ANSWER, "Problem": _PROBLEM},
        },
    }


def _responses() -> dict[str, Any]:
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}}
    trouble = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    return {
        "202": {"description": "Kept on disk; `state` says what happens next.", **answer},
        "400": {"description": "Not strict JSON.", **trouble},
        "401": {"description": "A key that is not this portal's.", **trouble},
        "404": {"description": "No such portal.", **trouble},
        "408": {"description": "The body took too long.", **trouble},
        "413": {"description": "The body is too large.", **trouble},
        "415": {"description": "Not JSON.", **trouble},
        "422": {"description": "A field cannot be taken, or the request is refused (`state`, `id`).", **trouble},
        "503": {"description": "Nothing was kept; try again after Retry-After seconds.", **trouble},
    }


def _request() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["requester", "subject", "text"],
        "additionalProperties": False,
        "properties": {
            "requester": {
                "type": "object",
                "required": ["email"],
                "additionalProperties": False,
                "properties": {
                    "email": {"type": "string", "maxLength": 254},
                    "name": {"type": "string", "maxLength": words.NAME_CHARS},
                },
            },
            "subject": {"type": "string", "minLength": 1, "maxLength": words.SUBJECT_CHARS},
            "text": {"type": "string", "minLength": 1, "maxLength": words.TEXT_CHARS},
            "locale": {
                "type": "string",
                "maxLength": 64,
                "description": f"One of {', '.join(OFFERED)}, or a longer tag.",
            },
            "cc": {
                "type": "array",
                "maxItems": words.MAX_COPIES,
                "items": {"type": "string", "maxLength": 254},
                "description": "Text for the agent; these addresses are never mailed.",
            },
            "fields": {
                "type": "object",
                "maxProperties": words.MAX_FIELDS,
                "propertyNames": {"minLength": 1, "maxLength": words.FIELD_NAME_CHARS},
                "additionalProperties": {"type": "string", "maxLength": words.FIELD_CHARS},
            },
            "voucher": {
                "type": "string",
                "maxLength": 2048,
                "description": "The site's word for this address, five minutes, one use.",
            },
            "solution": {"type": "string", "maxLength": 8000, "description": "A solved ALTCHA puzzle."},
            "client_ip": {
                "type": "string",
                "maxLength": 64,
                "description": "The visitor's address; only with the portal's key.",
            },
        },
    }


_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["id", "state", "next"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "description": "The reference number."},
        "state": {"type": "string", "enum": ["accepted", "challenged", "mail-first", "held"]},
        "next": {
            "type": "object",
            "required": ["status"],
            "properties": {
                "status": {"type": "string", "description": "A page that tells where the request stands."},
                "mail_first": {
                    "type": "object",
                    "required": ["address", "subject"],
                    "properties": {"address": {"type": "string"}, "subject": {"type": "string"}},
                    "description": "Where the requester may send the first mail; always offered while proof is missing.",
                },
            },
        },
    },
}

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "status", "title"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "id": {"type": "string"},
        "state": {"type": "string", "enum": ["refused"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
