"""Renders every form by the console's own templates."""

from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Widgets come from Django, the form and the field around them from `templates/forms/`."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
