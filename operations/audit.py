"""What people do about the trail itself, as events in the trail."""

from enum import StrEnum


class OperationsAction(StrEnum):
    """What the rooms of operations put on record."""

    INCIDENT_ACKNOWLEDGE = "incident.acknowledge"
    INCIDENT_NOTE = "incident.note"
    INCIDENT_RESOLVE = "incident.resolve"
    REJECTED_WRITE = "rejected.write"
    REJECTED_DISCARD = "rejected.discard"
    MAPPING_SAVE = "mapping.save"
    MAPPING_RETIRE = "mapping.retire"
    WRITER_WATCH = "writer.watch"
    INTEGRITY_READ = "integrity.read"
    ENTRIES_READ = "log.entries"
    LOG_OPEN = "log.open"
    LOG_CLOSE = "log.close"
    LOG_ROTATE = "key.rotate"
    LOG_KEYS_PIN = "key.pin"
    RECORD_KEY_ANNOUNCE = "record_key.announce"
    INDEX_ADOPT = "index.adopt"
    KEY_MAKE = "writer_key.make"
    KEY_ROTATE = "writer_key.rotate"
    KEY_REVOKE = "writer_key.revoke"
