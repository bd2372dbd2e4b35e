"""The addresses of pin batches."""

from django.urls import path

from investigations.pin_batches import views

urlpatterns = [
    path("evidence/pin-all/", views.pin_batch_new, name="pin_batch_new"),
    path("evidence/result-set/", views.result_set_pin, name="result_set_pin"),
    path("pin-batches/<slug:public_id>/", views.pin_batch_detail, name="pin_batch_detail"),
]
