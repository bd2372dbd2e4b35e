"""The addresses of the library."""

from django.urls import path

from investigations.library import views

urlpatterns = [
    path("queries/", views.query_list, name="query_list"),
    path("queries/<slug:slug>/", views.query_detail, name="query_detail"),
]
