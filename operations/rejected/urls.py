"""Addresses of rejected events and of the mappings that correct them."""

from django.urls import path

from operations.rejected import views

urlpatterns = [
    path("rejected/", views.rejected_list, name="rejected_list"),
    path("rejected/group/", views.rejected_group, name="rejected_group"),
    path("rejected/mappings/", views.mapping_list, name="mapping_list"),
    path("rejected/<slug:public_id>/", views.rejected_detail, name="rejected_detail"),
]
