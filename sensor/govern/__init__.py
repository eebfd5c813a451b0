"""How much of its host the sensor may use: readings, the quota that follows, and who keeps to it."""
