"""Charts are SVG without styles or scripts in it, true to their values, readable by screen readers."""

import xml.etree.ElementTree as ElementTree

import pytest

from buchbar.base.charts import WIDTH, Bar, bars, nice_step

SVG = "{*}"
LEGEND = ("dieser Zeitraum", "davor")
MONTHS = [Bar("Januar 2027", 4, "4", 8), Bar("Februar 2027", 0, "0", 1), Bar("März 2027", 16, "16", 0)]


def drawn(values, **more):
    return ElementTree.fromstring(bars("bild", "Nach Monaten", "Am meisten: März", values, LEGEND, **more))


def rects(svg, kind):
    return [
        (float(each.get("y")), float(each.get("width"))) for each in svg.iterfind(f"{SVG}rect[@class='chart__{kind}']")
    ]


def test_bars_are_as_long_as_their_values():
    svg = drawn(MONTHS)
    legend, january, february, march = rects(svg, "now")
    assert march[1] == pytest.approx(4 * january[1]) and february[1] == 0 and march[1] > 100
    _legend, before, _one, none = rects(svg, "before")
    assert before[1] == pytest.approx(2 * january[1]) and none[1] == 0
    assert [each[0] for each in (january, february, march)] == sorted(each[0] for each in (january, february, march))


def test_it_tells_screen_readers_what_it_is():
    svg = drawn(MONTHS)
    assert svg.get("role") == "img"
    named = [svg.find(f".//*[@id='{ident}']").text for ident in svg.get("aria-labelledby").split()]
    assert named == ["Nach Monaten", "Am meisten: März"]


def test_each_number_and_each_label_stands_in_it():
    words = [each.text for each in drawn(MONTHS).iterfind(f"{SVG}text")]
    assert {"Januar 2027", "Februar 2027", "März 2027", "4", "0", "16", *LEGEND} <= {*words}


def test_without_a_period_before_there_is_no_legend():
    svg = drawn([Bar("Mo", 3, "3")])
    assert not rects(svg, "before") and LEGEND[0] not in [each.text for each in svg.iterfind(f"{SVG}text")]


def test_a_long_label_stands_above_its_bar_and_everything_stays_inside():
    label = "Eheschließung bei Anmeldung in einem anderen Standesamt"
    svg = drawn([Bar(label, 123456, "123.456,00 €", 99), Bar("Kurz", 1, "1,00 €", 0)])
    [text] = [each for each in svg.iterfind(f"{SVG}text") if each.text == label]
    assert text.get("text-anchor") == "start" and float(text.get("y")) < rects(svg, "now")[1][0]
    height = float(svg.get("viewBox").split()[3])
    for rect in svg.iterfind(f"{SVG}rect"):
        assert float(rect.get("x")) + float(rect.get("width")) <= WIDTH
        assert float(rect.get("y")) + float(rect.get("height")) <= height


def test_what_a_label_says_is_never_markup_and_no_style_is_in_it():
    svg = bars("b", "<b>", "&", [Bar('<script>alert("x")</script>', 1, "<i>1</i>")], LEGEND)
    assert "<script" not in svg and "<i>" not in svg and "style=" not in svg
    ElementTree.fromstring(svg)


def test_nothing_and_less_than_nothing_can_be_drawn():
    assert drawn([]).get("role") == "img"
    assert rects(drawn([Bar("a", -5, "-5")]), "now")[0][1] == 0


@pytest.mark.parametrize(
    ("most", "step"), [(0, 1), (3, 1), (4, 1), (5, 1), (6, 2), (16, 5), (47, 10), (100, 20), (999, 200), (12345, 5000)]
)
def test_the_axis_has_round_steps_and_few_of_them(most, step):
    assert nice_step(most) == step
    assert most / nice_step(most) <= 5
