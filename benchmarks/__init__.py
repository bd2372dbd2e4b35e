"""What the console does beside the bare engine. Its models need a console that is set up before they are imported."""

import os
import tempfile

import django
from django.apps import apps

if not apps.ready:
    _state = tempfile.TemporaryDirectory(prefix="console-bench-state-")
    os.environ |= {"DJANGO_SETTINGS_MODULE": "auditconsole.settings", "CONSOLE_STATE_DIR": _state.name}
    django.setup()
