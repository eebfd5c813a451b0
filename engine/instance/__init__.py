"""An instance: its own certificate authority, its access key, the sensors that belong to it."""
