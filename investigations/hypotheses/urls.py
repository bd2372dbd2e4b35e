"""The addresses of hypotheses."""

from django.urls import path

from investigations.hypotheses import views

urlpatterns = [
    path("cases/<slug:public_id>/hypotheses/", views.hypothesis_list, name="hypothesis_list"),
    path("cases/<slug:public_id>/hypotheses/<int:number>/", views.hypothesis_detail, name="hypothesis_detail"),
]
