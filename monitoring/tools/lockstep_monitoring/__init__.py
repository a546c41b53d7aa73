"""Generates the Grafana dashboards and checks rules, runbooks, dashboards and metric names against each other."""
