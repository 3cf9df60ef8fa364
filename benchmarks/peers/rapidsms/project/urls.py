"""Where the provider calls, and which of its fields RapidSMS takes."""

from django.urls import path
from rapidsms.backends.http.views import GenericHttpBackendView

FIELDS = {"identity_name": "MSISDN", "text_name": "PARM"}

urlpatterns = [path("backend/spryng/", GenericHttpBackendView.as_view(backend_name="spryng", params=FIELDS))]
