"""The addresses of clock skews."""

from django.urls import path

from investigations.clock_skews import views

urlpatterns = [
    path("cases/<slug:public_id>/clock-skews/", views.clock_skew_list, name="clock_skew_list"),
    path(
        "cases/<slug:public_id>/clock-skews/<int:pk>/withdraw/", views.clock_skew_withdraw, name="clock_skew_withdraw"
    ),
]
