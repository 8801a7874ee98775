"""The JSON schemas of what goes over the wire, made from the dataclasses themselves."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from raddiag_engine.diagnosis.result import DIAGNOSIS_SCHEMA, Diagnosis
from raddiag_engine.protocol.job import JobRequest
from raddiag_engine.protocol.reports import Refusal

NESTED = {"case": {"id": "case_id", "hash": "case_hash", "input_hash": "input_hash"}}
NESTED["model"] = {"name": "model_name", "sha256": "model_sha256"}
SAFETENSORS = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


def diagnosis_schema() -> dict[str, Any]:
    """Of the JSON of a diagnosis: that of the dataclass, with case and model grouped, schema and headline added."""
    schema = _inlined(TypeAdapter(Diagnosis).json_schema(mode="serialization"))
    properties = schema["properties"]
    moved: dict[str, Any] = {
        "schema": {"const": DIAGNOSIS_SCHEMA, "title": "Schema"},
        "headline": {"type": "string", "title": "Headline"},
    }
    for group, names in NESTED.items():
        fields = {key: properties.pop(name) for key, name in names.items()}
        moved[group] = {"type": "object", "properties": fields, "required": list(fields)}
    gone = {name for names in NESTED.values() for name in names.values()}
    required = [name for name in schema["required"] if name not in gone]
    return {**schema, "properties": {**moved, **properties}, "required": [*moved, *required]}


def request_schema() -> dict[str, Any]:
    """Of the JSON of a job."""
    return _inlined(TypeAdapter(JobRequest).json_schema(mode="validation"))


def body_of(content_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI entry of a request body that the framework does not parse."""
    return {"requestBody": {"required": True, "content": {content_type: {"schema": schema}}}}


def refusals(**reasons: str) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of refusals; keys such as `s404`."""
    common = {
        "s401": "No token, or a wrong one.",
        "s403": "Asked for by another web page.",
        "s421": "Asked for under another host.",
    }
    return {int(key[1:]): {"model": Refusal, "description": text} for key, text in {**common, **reasons}.items()}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without references, as it is put inside another document."""
    definitions = schema.pop("$defs", {})

    def resolved(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return resolved(definitions[node["$ref"].rpartition("/")[2]])
            return {key: resolved(value) for key, value in node.items()}
        return [resolved(item) for item in node] if isinstance(node, list) else node

    inlined: dict[str, Any] = resolved(schema)
    return inlined
