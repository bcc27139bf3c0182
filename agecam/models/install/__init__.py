"""Models from elsewhere: fetched where a person asks for it, checked, and put into the person's data folder."""
