"""``/docs``: the routes as a page, made from the OpenAPI description on the server, with no script and nothing from elsewhere."""

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

FORM = "multipart/form-data"


def render(openapi: dict[str, Any]) -> str:
    """Return an HTML page that lists every route with its fields and an example command."""
    info = openapi["info"]
    sections = [
        _route(path, method, route)
        for path, methods in openapi["paths"].items()
        for method, route in methods.items()
        if method != "head"
    ]
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<title>{escape(info["title"])} API</title><link rel="stylesheet" href="docs.css">',
            '<link rel="icon" href="icon.svg" type="image/svg+xml"></head><body>',
            f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
            f"<p>{_inline(info.get('description', ''))}</p>",
            '<p><a href="./">The page</a> · <a href="openapi.json">openapi.json</a></p>',
            *sections,
            "</body></html>",
        )
    )


def _route(path: str, method: str, route: dict[str, Any]) -> str:
    description = "".join(f"<p>{_inline(p)}</p>" for p in route.get("description", "").split("\n\n") if p)
    kind, body = next(iter(route.get("requestBody", {}).get("content", {}).items()), ("", None))
    return "".join(
        (
            f'<h2><span class="method">{method.upper()}</span> <code>{escape(path)}</code></h2>',
            f"<p><b>{escape(route.get('summary', ''))}</b></p>{description}",
            _table(body["schema"]) if body else "",
            f"<pre>{escape(_curl(path, method, kind, body))}</pre>",
        )
    )


def _table(schema: dict[str, Any]) -> str:
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in _rows(schema))
    return f'<div class="scroll"><table><tr><th>field</th><th>type</th><th>default</th><th></th></tr>{rows}</table></div>'


def _rows(schema: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    required = schema.get("required", ())
    for name, field in sorted(schema["properties"].items(), key=lambda item: item[0] not in required):
        kinds = [kind["type"] for kind in field.get("anyOf", [field])]
        default = "<b>required</b>" if name in required else f"<code>{escape(json.dumps(field.get('default')))}</code>"
        yield f"<code>{escape(name)}</code>", " or ".join(kinds), default, _inline(field.get("description", ""))


def _curl(path: str, method: str, kind: str, body: dict[str, Any] | None) -> str:
    url = "http://127.0.0.1:7000" + re.sub(r"\{\w+\}", "ID", path)
    if body is None:
        return f"curl {url}" if method == "get" else f"curl -X {method.upper()} {url}"
    if kind == FORM:
        files = (name for name, field in body["schema"]["properties"].items() if field.get("format") == "binary")
        return f"curl {url}" + "".join(f" -F {name}=@talk.wav" for name in files)
    example = json.dumps(body["example"], ensure_ascii=False)
    return f"curl {url} -H 'content-type: application/json' \\\n  -d '{example}'"


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
