"""Lists the addresses of people's own pages."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("first-admin/<str:token>/", views.first_admin, name="first_admin"),
    path("password/link/<str:token>/", views.password_link, name="password_link"),
    # No mail leaves this console, so pages that would send some are not there.
    path("signup/", views.ask_an_admin, name="account_signup"),
    path("password/reset/", views.ask_an_admin, name="account_reset_password"),
    path("email/", views.ask_an_admin, name="account_email"),
]
