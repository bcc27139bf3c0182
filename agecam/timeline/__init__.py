"""People over time: one lane for each person of a source. This package does not depend on Qt."""

from agecam.timeline.everybody import Everybody, PersonSeen
from agecam.timeline.lane import Lane, Moment, Sample, Stretch
from agecam.timeline.timeline import Timeline

__all__ = ["Everybody", "Lane", "Moment", "PersonSeen", "Sample", "Stretch", "Timeline"]
