"""Models the people of the console, and the links that work once: the first admin's, and one's own to a new password."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.roles import Role, has_permission, may_curate

username_validator = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._-]{1,63}\Z",
    "Use 2 to 64 letters, digits, points, hyphens or underscores, beginning with a letter or a digit.",
)


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)


class User(AbstractBaseUser):
    """Somebody who works with the console. `username` names them in the trail for ever, so nobody is deleted."""

    username = models.CharField(max_length=64, unique=True, validators=[username_validator])
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    is_active = models.BooleanField(default=True, help_text="Untick to shut somebody out; people are never deleted.")
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        ordering = ("username",)
        constraints = (models.UniqueConstraint(Lower("username"), name="one_person_of_a_username"),)

    def __str__(self) -> str:
        return self.name or self.username

    @property
    def is_staff(self) -> bool:
        """Whether Django's admin lets them in."""
        return may_curate(self)

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        return has_permission(self, permission)

    def has_module_perms(self, app: str) -> bool:
        return may_curate(self) and app in ("accounts", "investigations")

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return self.username


class FirstAdminLink(models.Model):
    """The right to become the first admin, once. Only the link's SHA-256 is kept."""

    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"first admin until {self.expires_at:%Y-%m-%d %H:%M}Z"


class PasswordLink(models.Model):
    """A person's right to choose their password, once. Only the link's SHA-256 is kept."""

    person = models.OneToOneField(User, on_delete=models.CASCADE, related_name="password_link")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    issued_by_name = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"password of {self.person.username} until {self.expires_at:%Y-%m-%d %H:%M}Z"
