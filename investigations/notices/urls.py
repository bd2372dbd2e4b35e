"""The addresses of the notices."""

from django.urls import path

from investigations.notices import views

urlpatterns = [
    path("notices/", views.notice_list, name="notice_list"),
    path("notices/count/", views.notice_count, name="notice_count"),
]
