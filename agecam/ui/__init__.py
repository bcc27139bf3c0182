"""The window. Nothing else imports this package, and only this one knows of Qt."""
