"""Installs models: downloads them on request, checks them, and puts them into the user's data folder."""
