"""Whether a colour can be read: contrast as WCAG 2.2 reckons it, and the nearest colour that has enough of it."""

import colorsys
import re
from collections.abc import Sequence

# The grounds of pages by day and by night (static/app.css): the plain one, and the shaded one of boxes.
LIGHT = ("#ffffff", "#f4f4f8")
DARK = ("#000000", "#14162a")
ENOUGH = 4.5  # for text (WCAG 2.2, 1.4.3)
_STEPS = 255


def parsed(typed: str) -> str:
    """A colour such as "#2044AA", "2044aa" or "#24a" as "#2044aa". Raises ValueError for anything else."""
    match = re.fullmatch(r"#?([0-9a-f]{6}|[0-9a-f]{3})", typed.strip().lower())
    if match is None:
        raise ValueError(typed)
    digits = match[1]
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def luminance(colour: str) -> float:
    """Relative luminance, 0 for black to 1 for white (WCAG 2.2, "relative luminance")."""

    def linear(channel: float) -> float:
        return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(channel) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def least(colour: str, grounds: Sequence[str]) -> float:
    """The contrast on the least favourable of the grounds."""
    return min(ratio(colour, ground) for ground in grounds)


def nearest(colour: str, grounds: Sequence[str]) -> str:
    """The colour of the same hue that is nearest in lightness and can be read on all the grounds; itself if it can."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    towards = -1 if luminance(grounds[0]) > 0.5 else 1
    for step in range(_STEPS + 1):
        tried = min(1.0, max(0.0, lightness + towards * step / _STEPS))
        made = colour if step == 0 else _hex(colorsys.hls_to_rgb(hue, tried, saturation))
        if least(made, grounds) >= ENOUGH:
            return made
    return "#000000" if towards < 0 else "#ffffff"


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)
