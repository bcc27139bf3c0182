"""One frame in, one result out: detector, tracker and estimator in a row, and when each of them works."""
