"""The addresses of runs."""

from django.urls import path

from investigations.runs import views

urlpatterns = [
    path("runs/", views.run_list, name="run_list"),
    path("runs/start/", views.run_start, name="run_start"),
    path("runs/<slug:public_id>/", views.run_detail, name="run_detail"),
]
