import pytest

from liverelay.sfu.allocation import grant
from liverelay.sfu.layers import ActiveLayer, Layer, Preference, best_layer

LOW, MIDDLE, HIGH = Layer(0), Layer(1), Layer(2)
LAYERS = [
    ActiveLayer(LOW, 150_000),
    ActiveLayer(MIDDLE, 500_000),
    ActiveLayer(HIGH, 1_700_000),
]


@pytest.mark.parametrize(
    ("selected", "available", "granted"),
    [
        pytest.param(HIGH, 1_700_000, HIGH, id="fits"),
        pytest.param(HIGH, 1_500_000, HIGH, id="stays within the tolerance"),
        pytest.param(HIGH, 1_400_000, MIDDLE, id="falls at once"),
        pytest.param(HIGH, 510_000, MIDDLE, id="falls to what just fits"),
        pytest.param(HIGH, 300_000, LOW, id="falls over one"),
        pytest.param(HIGH, 140_000, LOW, id="falls to the poorest that almost fits"),
        pytest.param(HIGH, 100_000, None, id="pauses"),
        pytest.param(LOW, 520_000, LOW, id="does not rise without a margin"),
        pytest.param(LOW, 560_000, MIDDLE, id="rises with a margin"),
        pytest.param(LOW, 1_900_000, HIGH, id="rises over one"),
        pytest.param(None, 160_000, None, id="does not resume without a margin"),
        pytest.param(None, 170_000, LOW, id="resumes with a margin"),
        pytest.param(Layer(7), 600_000, MIDDLE, id="what it had has stopped"),
    ],
)
def test_layer_is_what_the_path_has_room_for(
    selected: Layer | None, available: float, granted: Layer | None
) -> None:
    result = grant(LAYERS, selected, available)

    assert result.layer == granted
    assert best_layer(LAYERS, Preference(), result.budget_bps) == granted


@pytest.mark.parametrize(
    ("available", "needed"), [(100_000, 165_000), (300_000, 550_000), (2_000_000, None)]
)
def test_next_layer_needs_its_rate_and_a_margin(available: float, needed: float | None) -> None:
    result = grant(LAYERS, HIGH, available)

    assert result.next_bps == (None if needed is None else pytest.approx(needed))


def test_publication_without_layers_is_granted_what_there_is() -> None:
    assert grant([], None, 100_000) == (100_000, None, None)


def test_layer_that_makes_trouble_is_not_borne_above_the_budget() -> None:
    assert grant(LAYERS, HIGH, 1_650_000, is_strained=True).layer == MIDDLE
    assert grant(LAYERS, HIGH, 1_700_000, is_strained=True).layer == HIGH


@pytest.mark.parametrize(("available", "needed"), [(1_800_000, 2_200_000), (2_300_000, None)])
def test_layer_whose_publisher_is_held_back_needs_what_it_would_cost(
    available: float, needed: float | None
) -> None:
    result = grant(LAYERS, HIGH, available, unlimited_bps=2_000_000)

    assert result.layer == HIGH
    assert result.next_bps == (None if needed is None else pytest.approx(needed))
