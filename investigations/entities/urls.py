"""The addresses of entities."""

from django.urls import path

from investigations.entities import views

urlpatterns = [path("cases/<slug:public_id>/entities/", views.entity_list, name="entity_list")]
