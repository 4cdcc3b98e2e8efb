"""What can go wrong in a way that the person in front of the screen can do something about.

Anything else is a bug and ends as a 500 with a number that can be quoted.
"""


class Problem(Exception):
    """A sentence for the person who asked, with the HTTP status that goes with it."""

    status = 500

    def __init__(self, sentence: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Refused(Problem):
    """The rules or somebody else's booking stand against it."""

    status = 409


class Invalid(Problem):
    """What was typed can't be used. ``fields`` holds a sentence per field, ``values`` what was typed."""

    status = 422

    def __init__(self, fields: dict[str, str], values: dict[str, str] | None = None, sentence: str = "") -> None:
        super().__init__(sentence or " ".join(fields.values()))
        self.fields = fields
        self.values = values or {}


class Forbidden(Problem):
    """Signed in, but not for this."""

    status = 403


class NotFound(Problem):
    """It doesn't exist, or isn't for this person to know of."""

    status = 404


class TooMany(Problem):
    """A rate limit is used up; try again after ``retry_after`` seconds."""

    status = 429

    def __init__(self, sentence: str, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class SignInNeeded(Problem):
    """Nobody is signed in (any more); ``url`` is where that is done."""

    status = 303

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
