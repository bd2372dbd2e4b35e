"""The addresses of tasks."""

from django.urls import path

from investigations.case_tasks import views

urlpatterns = [
    path("cases/<slug:public_id>/tasks/", views.task_list, name="task_list"),
    path("cases/<slug:public_id>/tasks/<int:number>/", views.task_detail, name="task_detail"),
    path("cases/<slug:public_id>/tasks/<int:number>/state/", views.task_state, name="task_state"),
]
