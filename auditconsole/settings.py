"""Defines every setting of the console, read from the environment; a malformed value stops the start with its name.

With nothing set the console runs on one machine: the embedded OpenSearch and Redis, SQLite, state in `var/`.
"""

from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import quote

from csp.constants import NONE, SELF
from django.core.management.utils import get_random_secret_key

from auditconsole import static_headers
from auditconsole.broker import build_broker_url
from auditconsole.environment import env, networks, targets, witnesses
from auditconsole.local.errors import CannotStart
from auditconsole.local.secrets import read_or_make
from auditconsole.local.state_folder import open_state_folder

BASE_DIR = Path(__file__).resolve().parent.parent

# Where this machine keeps its state: the database, the node's data, logs, the signing secret. Every process of the console
# comes by here, so that each makes files for its own account alone.
STATE_DIR = Path(env.str("CONSOLE_STATE_DIR", default=str(BASE_DIR / "var"))).absolute()
try:
    open_state_folder(STATE_DIR)
except CannotStart as error:
    raise SystemExit(str(error)) from None

SECRET_KEY = env.str("SECRET_KEY", default="") or read_or_make(STATE_DIR / "secret_key", get_random_secret_key)
DEBUG = env.bool("DEBUG", default=False)
WEB_HOST = env.str("WEB_HOST", default="127.0.0.1")
WEB_PORT = env.int("WEB_PORT", default=8400)
# In each web process: threads that answer pages (signing in, health and writers have their own), and what a client may take:
# seconds to send a request's headers, seconds of silence between two requests, seconds in which at least a kilobyte for each
# of them must pass of a body or an answer, and connections from one address (of a proxy, if there is one before the console).
WEB_THREADS = env.int("WEB_THREADS", default=8)
WEB_HEADER_SECONDS = env.float("WEB_HEADER_SECONDS", default=10.0)
WEB_IDLE_SECONDS = env.float("WEB_IDLE_SECONDS", default=300.0)
WEB_SLOW_SECONDS = env.float("WEB_SLOW_SECONDS", default=30.0)
WEB_CONNECTIONS_PER_ADDRESS = env.int("WEB_CONNECTIONS_PER_ADDRESS", default=300)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Where people and programs reach the console; the sealed log is called by it.
PUBLIC_ADDRESS = env.str("PUBLIC_ADDRESS", default=CSRF_TRUSTED_ORIGINS[0] if CSRF_TRUSTED_ORIGINS else "")
if PUBLIC_ADDRESS and not PUBLIC_ADDRESS.startswith(("https://", "http://")):
    raise SystemExit("PUBLIC_ADDRESS must begin with https:// or http://.")
BEHIND_TLS = env.bool("BEHIND_TLS", default=False)
# The proxies in front of the console, as networks: of nobody else does a header say who asks, or by which scheme.
TRUSTED_PROXIES = networks("TRUSTED_PROXIES")
if BEHIND_TLS and not TRUSTED_PROXIES:
    raise SystemExit(
        "BEHIND_TLS needs TRUSTED_PROXIES: the address or the network of the proxy that ends TLS, such as 127.0.0.1/32."
    )
# Whether people at this machine alone reach the console: no proxy and no name that other machines would use.
LISTENS_ON_LOOPBACK = not (BEHIND_TLS or TRUSTED_PROXIES) and {WEB_HOST, *ALLOWED_HOSTS} <= {
    "localhost",
    "127.0.0.1",
    "::1",
    "[::1]",
}
ROOT_URLCONF = "auditconsole.urls"
WSGI_APPLICATION = "auditconsole.wsgi.application"

INSTALLED_APPS = [
    "auditconsole",
    "investigations",
    "operations",
    "accounts",
    "core",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "django_htmx",
    "template_partials",
    "csp",
]
MIDDLEWARE = [
    "core.proxies.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.compression.CompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.access.AccessRecordMiddleware",
    "core.response_headers.ResponseHeadersMiddleware",
    "accounts.session_ends.SessionEndMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "auditconsole.nul_characters.NulCharacterMiddleware",
    "investigations.recent_pages.RecentPagesMiddleware",
    "investigations.view_settings.TimeZoneMiddleware",
    "core.outages.OutageMiddleware",
    "core.concurrency.BusyMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["core.templatetags.addresses"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
FORM_RENDERER = "auditconsole.form_renderer.FormRenderer"

# --- Parts that really run -------------------------------------------------------------------------------------------
# A change and its audit record are one transaction, and on SQLite a transaction holds the only lock for writing. So others
# wait for the lock longer than a record may take: a trail that does not answer fails the changes that meet it, no others.
AUDIT_RECORD_SECONDS = 2
DATABASE_WAIT_SECONDS = 30
# Where each process keeps what is looked at and who signs in until the keeper delivers it.
ACCESS_SPOOL_DIR = Path(env.str("ACCESS_SPOOL_DIR", default=str(STATE_DIR / "access")))
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{STATE_DIR / 'console.sqlite3'}")}
# A connection serves the requests of its thread for so many seconds: to open one takes as long as three queries.
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # WAL lets the worker write a run while a page reads; IMMEDIATE takes the write lock when a transaction begins, so
    # that two writers wait for each other instead of failing half way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": DATABASE_WAIT_SECONDS,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    DATABASES["default"]["TEST"] = {"NAME": str(STATE_DIR / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The own server listens on a socket in the state folder, which no other account reaches.
REDIS_URL = env.str("REDIS_URL", default="") or f"unix://{quote(str(STATE_DIR / 'redis' / 'socket'))}?db=0"
OPENSEARCH_PORT = env.int("OPENSEARCH_PORT", default=8401)
OPENSEARCH_URL = env.str("OPENSEARCH_URL", default="")
OPENSEARCH_USER = env.str("OPENSEARCH_USER", default="")
OPENSEARCH_PASSWORD = env.str("OPENSEARCH_PASSWORD", default="")
OWN_ENGINE = not OPENSEARCH_URL
if OWN_ENGINE:
    # The own node answers to one user, whose password this machine makes and no other account can read.
    OPENSEARCH_URL, OPENSEARCH_USER = f"http://127.0.0.1:{OPENSEARCH_PORT}", "console"
    OPENSEARCH_PASSWORD = OPENSEARCH_PASSWORD or read_or_make(STATE_DIR / "opensearch_password", token_urlsafe)
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

# The sealed log: its folder, its name (empty: by PUBLIC_ADDRESS, or one of this machine's own; only the first seal reads it), a
# private key kept elsewhere than in the folder.
SEAL_DIR = Path(env.str("SEAL_DIR", default=str(STATE_DIR / "log")))
TRAIL_ORIGIN = env.str("TRAIL_ORIGIN", default="")
TRAIL_KEY = env.str("TRAIL_KEY", default="")
# The file of the key that signs the console's own records, where it is not to lie in the state folder.
RECORD_KEY = env.str("RECORD_KEY", default="")
# Whether keys may read every sealed event, as entry bundles of the log: whose case it is about makes no difference then.
LOG_ENTRIES = env.bool("LOG_ENTRIES", default=False)
# Where each checkpoint is written as well, where the cluster's admin cannot rewrite it, with commas between: folders, buckets
# with object lock (s3://BUCKET/PREFIX), other consoles (https://…); and whose cosignatures count.
CHECKPOINTS_TO = targets("CHECKPOINTS_TO")
# Of a bucket: its server, if that is not AWS's own, and for how many days nobody can take a checkpoint away. Of another console:
# its key for the dataset `checkpoints`, and one that asks its trail.
CHECKPOINTS_S3_ENDPOINT = env.str("CHECKPOINTS_S3_ENDPOINT", default="")
CHECKPOINTS_DAYS = env.int("CHECKPOINTS_DAYS", default=3_650)
CHECKPOINTS_KEY = env.str("CHECKPOINTS_KEY", default="")
CHECKPOINTS_READ_KEY = env.str("CHECKPOINTS_READ_KEY", default="")
TRAIL_WITNESSES = witnesses("TRAIL_WITNESSES")
# In how many days all of the trail is compared with the log once more.
VERIFY_DAYS = env.int("VERIFY_DAYS", default=30)
# After how many hours without the end of a verification that is an incident; 0: never.
VERIFY_SILENT_AFTER_HOURS = env.int("VERIFY_SILENT_AFTER_HOURS", default=24)

# What a program may send to the trail over HTTP: bytes of one body, unpacked, and of one event; events of one request;
# levels of JSON within each other; and, in each web process, events a second of one key and requests under way.
INGEST_BODY_BYTES = env.int("INGEST_BODY_BYTES", default=20 * 1024 * 1024)
INGEST_EVENT_BYTES = env.int("INGEST_EVENT_BYTES", default=2 * 1024 * 1024)
INGEST_EVENTS = env.int("INGEST_EVENTS", default=100_000)
INGEST_DEPTH = env.int("INGEST_DEPTH", default=32)
INGEST_RATE = env.int("INGEST_RATE", default=20_000)
# Months are never taken away again: how many that the trail does not have one writer may open in a day, and how old an event may
# be; what is older is imported, and one import opens so many unless it is told otherwise.
INGEST_NEW_MONTHS = env.int("INGEST_NEW_MONTHS", default=3)
INGEST_OLDEST_DAYS = env.int("INGEST_OLDEST_DAYS", default=366)
IMPORT_NEW_MONTHS = env.int("IMPORT_NEW_MONTHS", default=24)
INGEST_UNDER_WAY = env.int("INGEST_UNDER_WAY", default=6)

# How much programs and people may ask of /api/v1, in each web process: questions a second of one of them, and at once in all.
API_RATE = env.int("API_RATE", default=20)
API_UNDER_WAY = env.int("API_UNDER_WAY", default=4)
# How much may be under way at once over all web processes: questions of one person or key; costly ones of all, which leave the
# engine free for cheap ones; and costly ones that wait for these.
ASK_UNDER_WAY = env.int("ASK_UNDER_WAY", default=4)
COSTLY_UNDER_WAY = env.int("COSTLY_UNDER_WAY", default=2)
COSTLY_WAITING = env.int("COSTLY_WAITING", default=6)
# Shards at which the engine works at a time for a costly question, a run or an export; it has more threads than this.
SHARDS_AT_ONCE = env.int("SHARDS_AT_ONCE", default=1)
# Runs of one person, and exports, that workers do at once; the others wait, and other people's come in between.
JOBS_UNDER_WAY = env.int("JOBS_UNDER_WAY", default=1)
# Exports of one person that wait or are written, the bytes of their files, and how long a file is kept; its record stays.
EXPORTS_UNDER_WAY = env.int("EXPORTS_UNDER_WAY", default=5)
EXPORTS_KEPT_BYTES = env.int("EXPORTS_KEPT_BYTES", default=20 * 1024**3)
EXPORT_DAYS = env.int("EXPORT_DAYS", default=30)
# How long a page that is opened may search before it shows itself without the answer and searches on; a whole search may
# take thirty seconds, and what takes longer runs in the background.
PAGE_SECONDS = env.float("PAGE_SECONDS", default=2.0)
# How long all that one question asks of the engine may take together; then it is ended with a sentence.
QUESTION_SECONDS = env.float("QUESTION_SECONDS", default=60.0)

# Bytes of a file that is attached to a case; with the form around it, it has to fit into INGEST_BODY_BYTES.
ATTACHMENT_BYTES = env.int("ATTACHMENT_BYTES", default=19 * 1024 * 1024)
# Bytes of all files that one person may have attached, and what stays free on the disk.
ATTACHMENTS_KEPT_BYTES = env.int("ATTACHMENTS_KEPT_BYTES", default=5 * 1024**3)
ATTACHMENTS_DISK_RESERVE = env.int("ATTACHMENTS_DISK_RESERVE", default=1024**3)
# Fields of one form: 500 events are pinned at once, each with six of its own.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4_000
# Bytes of a case bundle of another console, and of how many pieces (evidence, acts of custody, entities …) each list may be.
CASE_BUNDLE_BYTES = env.int("CASE_BUNDLE_BYTES", default=1024**3)
CASE_BUNDLE_PIECES = env.int("CASE_BUNDLE_PIECES", default=2_000_000)
# What a person uploads stays in memory, so that a list which held a secret lies on no disk; what is larger is not taken.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "json",  # what an older console kept is not met
        "OPTIONS": {"serializer": "auditconsole.json_cache.JSONSerializer"},
    }
}
# A queue for each kind of work, so that much of one holds up none of the others; a worker without --queues serves them all.
QUEUES = ("detections", "duties", "exports", "runs")
CELERY_BROKER_URL = build_broker_url(REDIS_URL)

# --- Who may come in -------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.known_passwords.Backend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
# Failed attempts to sign in: of one name from one address (an IPv6 network of 64 bits), so that a stranger elsewhere locks
# nobody out; and of all names from one address, so many that an office behind it is not kept out by somebody's mistakes.
ACCOUNT_RATE_LIMITS = {"login": "300/m/ip", "login_failed": "100/5m/ip,5/5m/key"}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.UnlikeOneselfValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# How long somebody stays signed in, at most and without doing anything (NIST SP 800-63B-4, AAL2: at most 24 hours and one).
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", default=12) * 60 * 60
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_MINUTES", default=60) * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
# Under TLS no other host of the same domain, and nothing without TLS, can set these cookies.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = (
    f"{'__Host-' if BEHIND_TLS else ''}{name}" for name in ("sessionid", "csrftoken")
)
# Messages name cases, so that they stand in the session and in no cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
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

# What puts a part that is down on record as an incident: `core` meets outages and knows no incidents.
OUTAGE_RECORDER = "operations.incidents.services.record_outage"
# What says how many events each index must hold, so that an answer that lacks some is never taken for a whole one; and why
# events may not be found by a field.
SEALED_COUNTS_READER = "operations.sealing.ranges.read_sealed_counts"
DOUBT_READER = "operations.maintenance.index_watch.read_doubt"
# What says in which indices an id is sealed, so that it is taken in no other.
SEALED_IDS_READER = "operations.sealing.taken_ids.find_sealed_ids"

# What tells all leads that somebody was given rights: `accounts` knows no incidents either.
PRIVILEGE_RECORDER = "operations.incidents.privileges.record_privilege"

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
# Else Django gives them to everybody, whatever the umask.
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "auditconsole.storage.ModuleStaticFilesStorage"},
}
# Static files are for this console's own pages.
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_ADD_HEADERS_FUNCTION = static_headers.add_headers
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "core.log_lines.SecretlessFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Django's own handlers write as they like; here all of it goes through the formatter above.
    "loggers": {name: {"handlers": [], "propagate": True} for name in ("django", "django.server")},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
