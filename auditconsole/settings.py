"""Every setting of the console, read from the environment; a malformed value stops the start with its name.

With nothing set the console runs on one machine: the embedded OpenSearch and Redis, SQLite, state in `var/`.
"""

import os
from contextlib import suppress
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.management.utils import get_random_secret_key

from auditconsole.environment import env

BASE_DIR = Path(__file__).resolve().parent.parent

# Where this machine keeps its state: the database, the node's data, logs, the signing secret.
STATE_DIR = Path(env.str("CONSOLE_STATE_DIR", default=str(BASE_DIR / "var")))
try:
    STATE_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    raise SystemExit(
        f"{STATE_DIR} cannot be made ({error.strerror}); set CONSOLE_STATE_DIR to a folder where this console may write."
    ) from None


def secret_of_this_machine() -> str:
    """The signing key that a machine makes for itself the first time, so that no default key exists in the source."""
    path = STATE_DIR / "secret_key"
    if not path.exists():
        # Written beside and linked into place: of two processes that start together, both read the same whole key.
        fresh = path.with_name(f"secret_key.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(get_random_secret_key())
        with suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", default="") or secret_of_this_machine()
DEBUG = env.bool("DEBUG", default=False)
WEB_HOST = env.str("WEB_HOST", default="127.0.0.1")
WEB_PORT = env.int("WEB_PORT", default=8400)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
BEHIND_TLS = env.bool("BEHIND_TLS", default=False)
ROOT_URLCONF = "auditconsole.urls"
WSGI_APPLICATION = "auditconsole.wsgi.application"

INSTALLED_APPS = [
    "auditconsole",
    "investigations",
    "operations",
    "accounts",
    "web",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "django_htmx",
    "template_partials",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "auditconsole.outages.OutageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Parts that really run -------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{STATE_DIR / 'console.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # WAL lets the worker write a run while a page reads; IMMEDIATE takes the write lock when a transaction begins, so
    # that two writers wait for each other instead of failing half way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    DATABASES["default"]["TEST"] = {"NAME": str(STATE_DIR / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_PORT = env.int("REDIS_PORT", default=8403)
REDIS_URL = env.str("REDIS_URL", default="") or f"redis://127.0.0.1:{REDIS_PORT}/0"
OPENSEARCH_PORT = env.int("OPENSEARCH_PORT", default=8401)
OPENSEARCH_URL = env.str("OPENSEARCH_URL", default="") or f"http://127.0.0.1:{OPENSEARCH_PORT}"
# The first words of every index of the trail: `<prefix>-events-2026.11`.
TRAIL_PREFIX = env.str("TRAIL_PREFIX", default="trail")
# Of each month's index that is made from now on: parts, and further copies of each on other nodes.
TRAIL_SHARDS = env.int("TRAIL_SHARDS", default=1)
TRAIL_REPLICAS = env.int("TRAIL_REPLICAS", default=0)
# How many days after its end a month takes no more writes; what comes later goes into an index beside it.
TRAIL_FINISH_AFTER_DAYS = env.int("TRAIL_FINISH_AFTER_DAYS", default=7)
# Where snapshots go: a folder of the own node, or what TRAIL_SNAPSHOT_TYPE and _SETTINGS say of a cluster's repository.
TRAIL_SNAPSHOT_REPOSITORY = env.str("TRAIL_SNAPSHOT_REPOSITORY", default="trail")
TRAIL_SNAPSHOT_TYPE = env.str("TRAIL_SNAPSHOT_TYPE", default="fs")
TRAIL_SNAPSHOT_SETTINGS = env.dict("TRAIL_SNAPSHOT_SETTINGS", default={"location": "trail"})
# Older than this, the newest whole snapshot is late.
TRAIL_SNAPSHOT_MAX_AGE_HOURS = env.int("TRAIL_SNAPSHOT_MAX_AGE_HOURS", default=30)
# A writer that the trail has not heard of for so long is worth a look.
TRAIL_SILENT_AFTER_HOURS = env.int("TRAIL_SILENT_AFTER_HOURS", default=24)

# The sealed log: its folder, its name (empty: one of this machine's own), a private key kept elsewhere than in the folder.
SEAL_DIR = Path(env.str("SEAL_DIR", default=str(STATE_DIR / "log")))
TRAIL_ORIGIN = env.str("TRAIL_ORIGIN", default="")
TRAIL_KEY = env.str("TRAIL_KEY", default="")
# Where each checkpoint is written as well, a folder that the cluster's admin cannot rewrite, and whose cosignatures count.
CHECKPOINTS_TO = env.str("CHECKPOINTS_TO", default="")
TRAIL_WITNESSES = env.list("TRAIL_WITNESSES", default=[])
# In how many days all of the trail is compared with the log once more.
VERIFY_DAYS = env.int("VERIFY_DAYS", default=30)

# What a program may send to the trail over HTTP: bytes of one body, unpacked, and of one event; events of one request;
# levels of JSON within each other; and, in each web process, events a second of one key and requests under way.
INGEST_BODY_BYTES = env.int("INGEST_BODY_BYTES", default=20 * 1024 * 1024)
INGEST_EVENT_BYTES = env.int("INGEST_EVENT_BYTES", default=2 * 1024 * 1024)
INGEST_EVENTS = env.int("INGEST_EVENTS", default=10_000)
INGEST_DEPTH = env.int("INGEST_DEPTH", default=32)
INGEST_RATE = env.int("INGEST_RATE", default=20_000)
INGEST_UNDER_WAY = env.int("INGEST_UNDER_WAY", default=6)

# How much programs and people may ask of /api/v1, in each web process: questions a second of one of them, and at once in all.
API_RATE = env.int("API_RATE", default=20)
API_UNDER_WAY = env.int("API_UNDER_WAY", default=4)
# How long a page that is opened may search before it shows itself without the answer and searches on; a whole search may
# take thirty seconds, and what takes longer runs in the background.
PAGE_SECONDS = env.float("PAGE_SECONDS", default=2.0)
# How long after it was taken in an event is looked at by detections, so that none is still on its way: a write lasts up to
# half a minute, the engine shows it a second later, and clocks differ.
DETECTION_DELAY_SECONDS = env.int("DETECTION_DELAY_SECONDS", default=45)

# What a person uploads stays in memory, so that a list which held a secret lies on no disk; what is larger is not taken.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL

# --- Who may come in -------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- Who is told of incidents ----------------------------------------------------------------------------------------
INCIDENT_WEBHOOK_URL = env.str("INCIDENT_WEBHOOK_URL", default="")
if INCIDENT_WEBHOOK_URL and not INCIDENT_WEBHOOK_URL.startswith(("https://", "http://")):
    raise SystemExit("INCIDENT_WEBHOOK_URL must begin with https:// or http://.")
INCIDENT_WEBHOOK_SECRET = env.str("INCIDENT_WEBHOOK_SECRET", default="")
INCIDENT_EMAIL_TO = env.list("INCIDENT_EMAIL_TO", default=[])
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="auditconsole@localhost")
# smtp://, smtp+tls:// or smtp+ssl://user:password@host:port
vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))

# --- Pages -----------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
