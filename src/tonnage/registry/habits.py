"""What was learned of a registry from its answers, so that it is learned once."""

import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class Habits:
    """What one registry does. Written by several threads, each of which may only make it more true."""

    answers_head: bool = False
    """A HEAD for a manifest was answered as it should be: its 404 is believed from then on."""
    refuses_head: bool = False
    """GET gave a manifest that HEAD did not."""
    has_sound_lists: bool = False
    """A list of tags proved that none is hidden behind another: see `hidden_tags`."""
    ignores_last: bool = False
    """A list of tags does not begin where it is asked to."""
    proving: threading.Lock = field(default_factory=threading.Lock)
    """Held by whoever proves a HEAD by a GET, so that one GET is enough for all."""
