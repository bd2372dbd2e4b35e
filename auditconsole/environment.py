"""Reads settings from the environment; a malformed value stops the start with one sentence that names it."""

import ipaddress
from typing import Any

import environ

from trail.integrity.publish import BUCKET
from trail.integrity.signed_note import BadKey
from trail.witness.named_witness import NamedWitness


class Environment(environ.Env):  # type: ignore[misc]
    def get_value(self, var: str, *args: Any, **more: Any) -> Any:
        try:
            return super().get_value(var, *args, **more)
        except ValueError as error:
            raise SystemExit(f"{var} is set to {self.ENVIRON.get(var)!r}, which cannot be read: {error}.") from None


env = Environment()


def networks(name: str) -> list[str]:
    """The networks that a setting names, separated by commas: `10.0.0.0/8`, or one address."""
    texts = [text.strip() for text in env.list(name, default=[])]
    try:
        return [str(ipaddress.ip_network(text)) for text in texts]
    except ValueError as error:
        raise SystemExit(f"{name} is set to {','.join(texts)!r}, which cannot be read: {error}.") from None


def witnesses(name: str) -> list[str]:
    """The witnesses that a setting names, separated by commas: their public keys and, behind them, where they are asked."""
    texts = [text.strip() for text in env.list(name, default=[])]
    for text in texts:
        try:
            NamedWitness.parse(text)
        except BadKey as error:
            raise SystemExit(f"{name} holds {text!r}, which cannot be read: {error}") from None
    return texts


def targets(name: str) -> str:
    """Where a setting says that checkpoints go, with commas between: folders, buckets (s3://…), consoles (https://…)."""
    text: str = env.str(name, default="")
    for target in map(str.strip, text.split(",")):
        if target.startswith("s3://") and not BUCKET.fullmatch(target):
            raise SystemExit(f"{name} holds {target!r}, which is no bucket, such as s3://checkpoints/console.")
    return text
