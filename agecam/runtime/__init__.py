"""Services for the process: environment, memory, device, atomic file writing, settings."""
