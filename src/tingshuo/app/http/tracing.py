"""A span for each request with its stages as children, for OpenTelemetry: where its SDK is installed and an endpoint is named.

All else is read by the SDK from its own variables (``OTEL_SERVICE_NAME``, ``OTEL_TRACES_SAMPLER``, ``OTEL_EXPORTER_OTLP_HEADERS``
and so on, https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). There is no span for each chunk of
audio, and no text in any.
"""

import asyncio
import logging
import os
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("tingshuo.http")

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
STAGES = ("queue", "text", "speaker", "acoustic", "vocoder")
_TIMED = re.compile(r"(\w+);dur=([\d.]+)")
_SERVER_ERROR = 500


def open_provider() -> Any:
    """Return what makes tracers, or None where nobody wants traces; spans are sent by OTLP over HTTP."""
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return None
    try:
        sdk, export = import_module("opentelemetry.sdk.trace"), import_module("opentelemetry.sdk.trace.export")
        exporter = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        resources = import_module("opentelemetry.sdk.resources")
    except ModuleNotFoundError:
        log.warning("%s is set, and there are no traces without the SDK: pip install 'tingshuo[otel]'", ENDPOINTS[0])
        return None
    named = {"service.name": os.environ.get("OTEL_SERVICE_NAME") or "tingshuo"}
    provider = sdk.TracerProvider(resource=resources.Resource.create(named))
    provider.add_span_processor(export.BatchSpanProcessor(exporter.OTLPSpanExporter()))
    return provider


class Traced:
    """Makes spans of HTTP requests, which go on with a trace that the client has begun (``traceparent``).

    Parameters
    ----------
    app : ASGIApp
        What answers.
    provider : TracerProvider
        From `open_provider`; it is shut down with the application.
    """

    def __init__(self, app: ASGIApp, provider: Any) -> None:
        self._app, self._provider = app, provider
        self._tracer = provider.get_tracer("tingshuo")
        self._api = import_module("opentelemetry.trace")
        self._propagator = import_module("opentelemetry.trace.propagation.tracecontext").TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            await self._trace(scope, receive, send)
            return
        await self._app(scope, receive, send)
        if scope["type"] == "lifespan":
            await asyncio.to_thread(self._provider.shutdown)

    async def _trace(self, scope: Scope, receive: Receive, send: Send) -> None:
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method: str = scope["method"]
        span = self._tracer.start_span(
            method,
            context=self._propagator.extract(carrier),
            kind=self._api.SpanKind.SERVER,
            attributes={"http.request.method": method, "url.scheme": scope.get("scheme", "http")},
        )

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._answered(span, scope, message)
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            span.end()

    def _answered(self, span: Any, scope: Scope, message: Message) -> None:
        """Note the route and the status, and the stages that the reply tells of."""
        status = message["status"]
        span.set_attribute("http.response.status_code", status)
        if (route := getattr(scope.get("route"), "path", None)) is not None:
            span.set_attribute("http.route", route)
            span.update_name(f"{scope['method']} {route}")
        if status >= _SERVER_ERROR:
            span.set_status(self._api.StatusCode.ERROR)
        context, begin = self._api.set_span_in_context(span), getattr(span, "start_time", None)
        for name, ms in _stages(dict(message["headers"]).get(b"server-timing", b"").decode("latin-1")):
            if begin is not None:
                child = self._tracer.start_span(name, context=context, start_time=begin)
                begin += int(1e6 * ms)
                child.end(end_time=begin)


def _stages(header: str) -> Iterator[tuple[str, float]]:
    """Yield stages and their milliseconds, one after another, as most of them are; of a stream until its first audio."""
    found = {name: float(ms) for name, ms in _TIMED.findall(header)}
    yield from ((name, found[name]) for name in STAGES if name in found)
