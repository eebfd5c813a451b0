"""The configuration file of `atp-run`: TOML, checked with places, laid below the command line."""
