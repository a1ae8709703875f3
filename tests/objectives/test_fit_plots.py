"""Plots of a fit are read at the width of a page, however many columns a table has."""

from tunesmith.objectives.fit_plots import MOST_LETTERS, named_bars


def test_each_of_many_bars_is_named_and_has_room_for_its_name() -> None:
    names = [f"average_number_of_things_measured_in_{i}" for i in range(30)]
    lengths = [1 / (i + 1) for i in range(30)]
    figure = named_bars(names, lengths, deviations=[0.1] * 29 + [0.2])
    [bars], axis = figure.data, figure.layout.yaxis
    # Plotly begins at the bottom; beside these names it leaves out none by itself.
    assert list(bars.y) == list(axis.tickvals) == names[::-1]
    assert list(bars.x) == lengths[::-1]
    assert bars.error_x.array[0] == 0.2
    assert len(set(axis.ticktext)) == 30
    assert max(map(len, axis.ticktext)) == MOST_LETTERS
    assert axis.ticktext[-1] == "average_numbe…easured_in_0"
    assert figure.layout.height > 30 * 16


def test_a_few_short_names_stay_as_they_are() -> None:
    figure = named_bars(["area", "rooms"], [2.0, 1.0])
    assert list(figure.layout.yaxis.ticktext) == ["rooms", "area"]
    assert figure.data[0].error_x.array is None
