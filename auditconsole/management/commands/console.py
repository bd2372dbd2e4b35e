"""Run the whole console: OpenSearch, Redis, the worker, the schedule, the web. Ctrl-C stops all of it."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from auditconsole.environment import env
from auditconsole.local import engine, opensearch, preflight, redis
from auditconsole.local.errors import CannotStart
from auditconsole.local.supervisor import Child, supervise


class Command(BaseCommand):
    help = "Start everything the console needs and run it until Ctrl-C."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        state = Path(settings.STATE_DIR)
        own_engine, own_redis = not env.str("OPENSEARCH_URL", default=""), not env.str("REDIS_URL", default="")
        try:
            with preflight.lock(state):
                preflight.check(state, ports(own_engine, own_redis))
                children = [*self.services(state, own_engine, own_redis), *programs(state)]
                self.say(f"Starting {', '.join(child.name for child in children)}; logs are in {state / 'logs'}")
                status = supervise(children, logs=state / "logs", say=self.say)
        except CannotStart as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped before anything was started.", returncode=130) from None
        sys.exit(status)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def services(self, state: Path, own_engine: bool, own_redis: bool) -> list[Child]:
        """The parts that others wrote, as far as nobody else runs them for us."""
        children = []
        if own_engine:
            if not engine.is_here():
                self.say("Fetching the search engine from Maven Central, about 71 MB, once …")
            heap = env.str("OPENSEARCH_HEAP", default="1g")
            node = opensearch.Node(state, settings.OPENSEARCH_PORT, _transport_port(), heap)
            children.append(Child("opensearch", opensearch.command(node)))
        if own_redis:
            children.append(Child("redis", redis.command(redis.Server(state, settings.REDIS_PORT))))
        return children


def ports(own_engine: bool, own_redis: bool) -> dict[str, int]:
    """The ports that must be free, by the setting that moves each."""
    found = {"WEB_PORT": settings.WEB_PORT}
    if own_engine:
        found |= {"OPENSEARCH_PORT": settings.OPENSEARCH_PORT, "OPENSEARCH_TRANSPORT_PORT": _transport_port()}
    if own_redis:
        found["REDIS_PORT"] = settings.REDIS_PORT
    return found


def programs(state: Path) -> list[Child]:
    """Our own processes. Worker and schedule wait for the queue by themselves."""
    celery = [sys.executable, "-m", "celery", "--app", "auditconsole", "--workdir", str(settings.BASE_DIR)]
    workers = str(env.int("WORKERS", default=2))
    return [
        Child("web", [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve"]),
        Child("keeper", [sys.executable, str(settings.BASE_DIR / "manage.py"), "keep_trail"]),
        Child("worker", [*celery, "worker", "--loglevel", "INFO", "--concurrency", workers, "--without-mingle"]),
        Child(
            "beat", [*celery, "beat", "--loglevel", "INFO", "--pidfile=", "--schedule", str(state / "beat-schedule")]
        ),
    ]


def _transport_port() -> int:
    return int(env.int("OPENSEARCH_TRANSPORT_PORT", default=settings.OPENSEARCH_PORT + 1))
