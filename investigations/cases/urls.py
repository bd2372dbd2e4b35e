"""The addresses of cases."""

from django.urls import path

from investigations.cases import views

urlpatterns = [
    path("cases/", views.case_list, name="case_list"),
    path("cases/new/", views.case_new, name="case_new"),
    path("cases/bulk/", views.case_bulk, name="case_bulk"),
    path("cases/leave/", views.case_leave, name="case_leave"),
    path("cases/break-glass/", views.case_glass, name="case_glass"),
    path("cases/<case_number:number>/", views.case_by_number, name="case_by_number"),
    path("cases/<slug:public_id>/change/", views.case_change, name="case_change"),
    path("cases/<slug:public_id>/status/", views.case_status, name="case_status"),
    path("cases/<slug:public_id>/close/", views.case_close, name="case_close"),
    path("cases/<slug:public_id>/work/", views.case_work, name="case_work"),
    path("cases/<slug:public_id>/restriction/", views.case_restriction, name="case_restriction"),
    path("cases/<slug:public_id>/live/", views.case_live, name="case_live"),
    path("cases/<slug:public_id>/people/", views.case_people, name="case_people"),
    path("cases/<slug:public_id>/activity/", views.case_activity, name="case_activity"),
]
