"""Saves and retires the named mappings by which rejected events are corrected."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from core import audit
from operations.audit import OperationsAction
from operations.models import Mapping, MappingRetirement
from operations.rejected.rules import check_rules


def save_mapping(*, name: str, rules: Any, by: User) -> Mapping:
    """Make a mapping, or its next version; an older one stays. Raises BadRule, TrailUnavailable, WriteRefused."""
    rules = check_rules(rules)
    while True:
        try:
            return _save_version(name, rules, by)
        except IntegrityError:  # somebody else saved this version at the same moment; the next is free
            continue


def _save_version(name: str, rules: list[dict[str, Any]], by: User) -> Mapping:
    with transaction.atomic():
        last = Mapping.objects.filter(name=name).aggregate(version=Max("version"))["version"] or 0
        mapping = Mapping.objects.create(name=name, version=last + 1, rules=rules, at=timezone.now(), by_name=str(by))
        labels = {"version": str(mapping.version)}
        audit.record(OperationsAction.MAPPING_SAVE, by=by, resource=("mapping", name), labels=labels)
    return mapping


def retire_mapping(*, mapping: Mapping, by: User) -> MappingRetirement:
    """Offer a version of a mapping no longer; it stays. Again changes nothing. Raises TrailUnavailable, WriteRefused."""
    with transaction.atomic():
        retirement, is_new = MappingRetirement.objects.get_or_create(
            mapping=mapping, defaults={"at": timezone.now(), "by_name": str(by)}
        )
        if not is_new:
            return retirement
        labels = {"version": str(mapping.version)}
        audit.record(OperationsAction.MAPPING_RETIRE, by=by, resource=("mapping", mapping.name), labels=labels)
    return retirement
