"""Analysis of files, folders and streams without a window."""
