"""The addresses of the home page and of the command bar."""

from django.urls import path

from investigations.home import views

urlpatterns = [
    path("home/", views.home, name="home"),
    path("jump/", views.jump, name="jump"),
    path("view-settings/", views.view_settings, name="view_settings"),
    path("jump/options/", views.jump_options, name="jump_options"),
]
