"""The dashboards, one module each."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from lockstep_monitoring.dashboards import delivery, jvm, kafka, orders, postgres


def build_all() -> dict[str, Dashboard]:
    """Returns every dashboard by the name of its file."""
    modules = {"orders": orders, "delivery": delivery, "kafka": kafka, "postgres": postgres, "jvm": jvm}
    return {name: _finished(module.dashboard().build()) for name, module in modules.items()}


def _finished(dashboard: Dashboard) -> Dashboard:
    # Links to a single panel contain its id, so the ids have to stay the same.
    for number, panel in enumerate(dashboard.panels or [], start=1):
        panel.id_val = number
    # The SDK puts links into a menu.
    for link in dashboard.links or []:
        link.placement = None
    return dashboard
