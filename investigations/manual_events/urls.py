"""The addresses of what is entered by hand."""

from django.urls import path

from investigations.manual_events import views

urlpatterns = [
    path("cases/<slug:public_id>/manual-events/", views.manual_event_list, name="manual_event_list"),
    path("cases/<slug:public_id>/manual-events/<int:number>/", views.manual_event_detail, name="manual_event_detail"),
    path(
        "cases/<slug:public_id>/manual-events/<int:number>/change/",
        views.manual_event_change,
        name="manual_event_change",
    ),
]
