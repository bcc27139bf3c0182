"""One reader a data set; all of them give the same rows."""
