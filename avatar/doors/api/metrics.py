"""Figures for Prometheus: how full the house is, and how this door fares. Knows no job by name."""

import time
from collections.abc import Iterable

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avatar.doors.api.desk import Desk
from avatar.doors.api.paths import is_ours
from avatar.doors.api.problems import declared
from avatar.doors.api.videos import ALWAYS

METHODS = {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}
BOUNDS = (0.005, 0.02, 0.1, 0.5, 2, 10, 60)  # seconds until an answer begins

router = APIRouter(tags=["house"])


class Figures:
    """The counters of one application."""

    def __init__(self, desk: Desk) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.registry.register(_Standing(desk))
        names = ("method", "route", "status")
        self.requests = Counter("avatar_http_requests", "Answers that were begun", names, registry=self.registry)
        self.seconds = Histogram(
            "avatar_http_seconds", "Seconds until an answer began", ("route",), registry=self.registry, buckets=BOUNDS
        )


class _Standing(Collector):
    """The job service's own figures, asked for when somebody looks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        now = self._desk.jobs.standing()
        yield GaugeMetricFamily("avatar_jobs_queued", "Jobs that wait", now.queued)
        yield GaugeMetricFamily("avatar_jobs_running", "Jobs at work", now.running)
        yield GaugeMetricFamily("avatar_workers", "Workers alive", now.workers)
        yield GaugeMetricFamily("avatar_streams", "Event and film streams that are open here", self._desk.streams)
        ended = CounterMetricFamily("avatar_jobs_ended", "Jobs that ended", labels=["status"])
        for status, count in sorted(now.ended.items()):
            ended.add_metric([status], count)
        yield ended
        seconds = CounterMetricFamily("avatar_stage_seconds", "Seconds of work, stage by stage", labels=["stage"])
        for stage, spent in sorted(now.stage_seconds.items()):
            seconds.add_metric([stage], spent)
        yield seconds
        runs = CounterMetricFamily("avatar_stage_runs", "Stages that were done", labels=["stage"])
        for stage, count in sorted(now.stage_count.items()):
            runs.add_metric([stage], count)
        yield runs


class Counting:
    """Counts every answer by its route's pattern, never by its address, so that the number of series is bounded."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self.app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or not is_ours(scope):
            await self.app(scope, receive, send)
            return
        began = time.monotonic()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"] if scope["method"] in METHODS else "other"
                self._figures.requests.labels(method, route, str(message["status"])).inc()
                self._figures.seconds.labels(route).observe(time.monotonic() - began)
            await send(message)

        await self.app(scope, receive, counted)


@router.get(
    "/metrics",
    responses={200: {"description": "Prometheus text", "content": {"text/plain": {}}}, **declared(*ALWAYS)},
    response_class=Response,
)
def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    figures: Figures = request.app.state.figures
    return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)
