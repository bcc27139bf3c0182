"""Integration with Qt's event loop and the operating system."""
