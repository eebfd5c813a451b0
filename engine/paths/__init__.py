"""Lateral movement paths: how an account that is nobody comes to one that is somebody."""
