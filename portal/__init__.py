"""Where people look: web pages and an HTTP API over the engine, served by `atp-run`."""
