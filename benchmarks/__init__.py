"""Sets Django up with a state folder of its own, before models are imported."""

import os
import tempfile

import django
from django.apps import apps

if not apps.ready:
    _state = tempfile.TemporaryDirectory(prefix="console-bench-state-")
    os.environ |= {"DJANGO_SETTINGS_MODULE": "auditconsole.settings", "CONSOLE_STATE_DIR": _state.name}
    django.setup()
