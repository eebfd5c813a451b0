"""`atp-run`: watched folders and interfaces in, alerts out, a tick each second."""
