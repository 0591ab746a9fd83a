"""Alerts for the duty officer: one cause, one alert; damped, muted by maintenance, acknowledged by a name, sent by routes.

`causes.py` reads what is wrong now, `rules.py` decides in time what of it is an alert, `watch.py` keeps them and tells,
`routes.py` knows where to, `desk.py` has the actions of operators. `lgsp/alerts.py` is for the SOC: single events of security.
"""
