"""What people do about the trail itself, as events in the trail."""

from enum import StrEnum


class Action(StrEnum):
    """What the rooms of operations put on record."""

    INCIDENT_ACKNOWLEDGE = "incident.acknowledge"
    INCIDENT_NOTE = "incident.note"
    INCIDENT_RESOLVE = "incident.resolve"
    REJECTED_WRITE = "rejected.write"
    REJECTED_DISCARD = "rejected.discard"
    MAPPING_SAVE = "mapping.save"
    WRITER_WATCH = "writer.watch"
    LOG_ROTATE = "key.rotate"
    INDEX_ADOPT = "index.adopt"
    KEY_MAKE = "writer_key.make"
    KEY_ROTATE = "writer_key.rotate"
    KEY_REVOKE = "writer_key.revoke"
