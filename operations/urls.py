from django.urls import path

from operations import views

urlpatterns = [path("status/", views.status, name="status")]
