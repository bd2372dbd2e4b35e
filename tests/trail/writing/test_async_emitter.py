"""The same promises with await, and the loop goes on meanwhile."""

import asyncio
from pathlib import Path

import pytest

from tests.support.factories.events import event
from tests.trail.spool.test_spool import drained
from trail.connection import Trail
from trail.errors import InvalidEvent, WriteRefused
from trail.spool.spool import Spool
from trail.writing.async_emitter import AsyncEmitter
from trail.writing.emitter import Durable, Emitter


def test_many_at_once_are_in_the_trail_with_every_number_once(trail: Trail, tmp_path: Path) -> None:
    async def main() -> list[Durable]:
        async with AsyncEmitter(Emitter(trail, writer_id="w", state=tmp_path), most_waiting=50) as emitter:
            return await asyncio.gather(*(emitter.emit(event()) for _ in range(400)))

    told = asyncio.run(main())
    assert sorted(one.sequence for one in told) == list(range(400))
    trail.client.indices.refresh(index=trail.events)
    assert trail.client.count(index=trail.events)["count"] == 400


def test_each_caller_gets_its_own_error(tmp_path: Path) -> None:
    async def main() -> list[Durable | BaseException]:
        with Spool(tmp_path) as spool:
            async with AsyncEmitter(Emitter(None, writer_id="w", mode="spooled", spool=spool)) as emitter:
                wanted = [event(id="one"), event(source__ip="nowhere"), event(id="two")]
                return await asyncio.gather(*(emitter.emit(one) for one in wanted), return_exceptions=True)

    one, wrong, two = asyncio.run(main())
    assert (one, two) == (Durable("one", 0, "spool"), Durable("two", 1, "spool"))
    assert isinstance(wrong, InvalidEvent)


def test_the_loop_goes_on_while_an_event_waits(tmp_path: Path) -> None:
    async def main() -> None:
        with Spool(tmp_path) as spool:
            async with AsyncEmitter(Emitter(None, writer_id="w", mode="spooled", spool=spool)) as emitter:
                spool._groups._under_way += 1  # somebody's sync takes for ever
                waiting = asyncio.create_task(emitter.emit(event()))
                for _ in range(20):
                    await asyncio.sleep(0)
                assert not waiting.done()
                spool._groups._wake_next_leader()
                assert (await waiting).where == "spool"

    asyncio.run(main())


def test_a_caller_that_gave_up_disturbs_nobody(tmp_path: Path) -> None:
    async def main() -> Durable:
        with Spool(tmp_path) as spool:
            async with AsyncEmitter(Emitter(None, writer_id="w", mode="spooled", spool=spool)) as emitter:
                gone = asyncio.create_task(emitter.emit(event(id="gone")))
                stays = asyncio.create_task(emitter.emit(event(id="stays")))
                await asyncio.sleep(0)
                gone.cancel()
                return await stays

    assert asyncio.run(main()).event_id == "stays"
    assert len(drained(tmp_path)) == 2


def test_after_closing_it_refuses_and_an_error_nobody_foresaw_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        with Spool(tmp_path) as spool:
            emitter = AsyncEmitter(Emitter(None, writer_id="w", mode="spooled", spool=spool))
            with pytest.raises(AttributeError):
                await emitter.emit(Odd())  # type: ignore[arg-type]
            waiting = asyncio.create_task(emitter.emit(event()))
            await asyncio.sleep(0)
            await emitter.close()
            assert (await waiting).where == "spool"
            again = AsyncEmitter(emitter.emitter)
            with pytest.raises(WriteRefused, match="closed"):
                await again.emit(event())
            await again.close()

    asyncio.run(main())


class Odd(dict):  # type: ignore[type-arg]
    """A document that cannot be looked at."""

    def items(self) -> object:  # type: ignore[override]
        raise AttributeError
