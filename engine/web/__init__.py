"""What the engine answers over HTTPS: one listener, one application of several parts."""
