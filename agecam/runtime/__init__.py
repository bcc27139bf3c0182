"""The process: its environment, memory and device, files written whole or not at all, settings."""
