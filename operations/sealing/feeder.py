"""Asks a witness to cosign the log's newest kept checkpoint: `add-checkpoint` of C2SP tlog-witness, from the log's side.

Each witness has a feeder of its own, in a thread of its own: one that hangs holds up neither the sealing nor another witness.
"""

import logging
import re
from datetime import UTC, datetime, timedelta

from django.db.models import Max
from django.utils import timezone

from operations.incidents.services import IncidentKind
from operations.incidents.throttle import IncidentThrottle
from operations.models import Checkpoint as Row
from operations.models import Cosignature
from operations.sealing import witnesses
from operations.sealing.folder import LogDirectory
from operations.sealing.witnesses import CosignatureRefused
from trail.errors import TrailError
from trail.http import NoResponse, Response, send_request
from trail.witness.named_witness import NamedWitness
from trail.witness.rules import CosignRequest

log = logging.getLogger(__name__)
TIMEOUT = 10  # seconds for each wait for the witness
MAX_ANSWER = 100_000  # bytes
LASTS = timedelta(minutes=10)  # without a new cosignature, after which it is an incident
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n?")


class NotCosigned(TrailError):
    """A witness did not cosign; the message says why, and what to do."""


class HistoryRefused(NotCosigned):
    """A witness saw another history of this log than the log has now."""


class Feeder:
    """Brings the log's checkpoints to one witness and keeps what it signs, verified."""

    def __init__(self, witness: NamedWitness) -> None:
        self._witness = witness
        self._keys = list(map(str, witness.keys))
        self._trouble = IncidentThrottle()
        self._subject = f"witness {witness.name}"
        self._fed: int | None = None  # the row that it cosigned last
        self._cosigned_at: datetime | None = None

    def step(self) -> int:
        """Have the newest kept checkpoint cosigned, unless it is; how many cosignatures are new.

        That a witness saw another history is an incident at once. Raises NotCosigned when it has cosigned nothing for LASTS, or
        never; LogDamaged and TileMissing where the log itself cannot say what was asked.
        """
        row = Row.objects.order_by("size", "pk").last()
        if row is None or row.pk == self._fed:
            return 0
        try:
            count = self._feed(row)
        except HistoryRefused as refusal:
            log.error("%s", refusal)
            self._trouble.record_failure(IncidentKind.TAMPERED, self._subject, str(refusal))
            return 0
        except NotCosigned as refusal:
            if timezone.now() - self._read_last_time() > LASTS:
                raise
            log.warning("%s It is asked again.", refusal)
            return 0
        self._trouble.record_recovery(IncidentKind.TAMPERED, self._subject)
        self._fed, self._cosigned_at = row.pk, timezone.now()
        return count

    def _read_last_time(self) -> datetime:
        """When the witness cosigned last, by its own clock where that was before this process began."""
        if self._cosigned_at is None:
            newest = Cosignature.objects.filter(witness__in=self._keys).aggregate(at=Max("at"))["at"]
            self._cosigned_at = newest or datetime.min.replace(tzinfo=UTC)
        return self._cosigned_at

    def _feed(self, row: Row) -> int:
        message = row.note.encode()
        seen = Cosignature.objects.filter(witness__in=self._keys, size__lte=row.size).aggregate(size=Max("size"))[
            "size"
        ]
        response = self._ask(row.size, seen or 0, message)
        if response.status == 409:
            response = self._ask(row.size, self._read_size(response, row), message)
        if response.status != 200:
            raise self._explain(response)
        try:
            return witnesses.take_cosignatures(message + response.body, self._witness.keys)
        except CosignatureRefused as refusal:
            raise NotCosigned(f"The answer of {self._witness.address} cannot be used. {refusal}") from refusal

    def _ask(self, size: int, old: int, message: bytes) -> Response:
        proof = LogDirectory().tree(size).consistency_proof(old, size)
        body = CosignRequest(old, tuple(proof), message).encode()
        url = f"{self._witness.address}/add-checkpoint"
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        try:
            return send_request(url, timeout=TIMEOUT, limit=MAX_ANSWER, headers=headers, body=body)
        except NoResponse as error:
            raise NotCosigned(f"The witness {self._witness.name} does not answer at {url}: {error}.") from error

    def _read_size(self, response: Response, row: Row) -> int:
        """The size that the witness saw last. Raises HistoryRefused where the log never came so far, NotCosigned."""
        match = _SIZE.fullmatch(response.body)
        if match is None:
            raise NotCosigned(f"{self._witness.address} answers 409 without the size that it saw last.")
        size = int(match[1])
        newest = LogDirectory().newest()
        ours = newest.size if newest else 0
        if size > ours:
            raise HistoryRefused(
                f"The witness {self._witness.name} saw {size:,} events of this log, which has {ours:,}: it was put back to an "
                "older state, or another signs with its key."
            )
        if size > row.size:
            raise NotCosigned(
                f"The witness {self._witness.name} saw {size:,} events already; the next checkpoint is due."
            )
        return size

    def _explain(self, response: Response) -> NotCosigned:
        name, where = self._witness.name, self._witness.address
        match response.status:
            case 404 | 403:
                key = LogDirectory().keys.current()[0]
                what = "this log" if response.status == 404 else "the key that this log signs with"
                return NotCosigned(f"The witness {name} does not know {what}: give its operator the public key {key}.")
            case 422:
                return HistoryRefused(f"The witness {name} saw another history of this log: {_read_reason(response)}")
        return NotCosigned(f"{where} answers {response.status}: {_read_reason(response)}")


def _read_reason(response: Response) -> str:
    return response.body[:300].decode(errors="replace").strip() or response.reason
