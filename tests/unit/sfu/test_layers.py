import pytest

from liverelay.sfu.layers import (
    ActiveLayer,
    FrameSize,
    Layer,
    Preference,
    Quality,
    RateMeter,
    ascending,
    best_layer,
)

# Three encodings of a camera, as Chromium sends them.
SIMULCAST = [
    ActiveLayer(Layer(0), 150e3, FrameSize(320, 180)),
    ActiveLayer(Layer(1), 500e3, FrameSize(640, 360)),
    ActiveLayer(Layer(2), 1700e3, FrameSize(1280, 720)),
]
WITHOUT_SIZES = [each._replace(frame_size=None) for each in SIMULCAST]
# One encoding with two spatial and two temporal layers.
SCALABLE = [
    ActiveLayer(Layer(0, spatial, temporal), rate, FrameSize(*size))
    for spatial, temporal, rate, size in (
        (0, 0, 100e3, (640, 360)),
        (0, 1, 160e3, (640, 360)),
        (1, 0, 400e3, (1280, 720)),
        (1, 1, 650e3, (1280, 720)),
    )
]


@pytest.mark.parametrize("layers", [SIMULCAST, WITHOUT_SIZES])
@pytest.mark.parametrize(
    ("quality", "index"),
    [(Quality.LOW, 0), (Quality.MEDIUM, 1), (Quality.HIGH, 2), (Quality.AUTO, 2)],
)
def test_quality_limits_the_size_of_the_picture(
    layers: list[ActiveLayer], quality: Quality, index: int
) -> None:
    assert best_layer(layers, Preference(quality)) == Layer(index)


@pytest.mark.parametrize(
    ("count", "quality", "index"),
    [(1, Quality.LOW, 0), (1, Quality.MEDIUM, 0), (2, Quality.MEDIUM, 1), (2, Quality.LOW, 0)],
)
def test_quality_is_relative_to_what_arrives(count: int, quality: Quality, index: int) -> None:
    assert best_layer(SIMULCAST[:count], Preference(quality)) == Layer(index)


def test_quality_leaves_the_frame_rate_alone() -> None:
    assert best_layer(SCALABLE, Preference(Quality.LOW)) == Layer(0, 0, 1)


@pytest.mark.parametrize(
    ("element", "index"),
    [
        ((0, 0), 0),
        ((320, 180), 0),
        ((384, 216), 0),
        ((400, 300), 1),
        ((769, 433), 2),
        ((4000, 3000), 2),
        # A portrait element is filled by the width of a landscape picture.
        ((320, 1000), 0),
    ],
)
def test_auto_takes_the_smallest_picture_that_fills_the_element(
    element: tuple[int, int], index: int
) -> None:
    preference = Preference(element_size=FrameSize(*element))

    assert best_layer(SIMULCAST, preference) == Layer(index)


def test_element_says_nothing_of_pictures_of_unknown_size() -> None:
    preference = Preference(element_size=FrameSize(100, 100))

    assert best_layer(WITHOUT_SIZES, preference) == Layer(2)


def test_element_does_not_matter_to_a_fixed_quality() -> None:
    preference = Preference(Quality.HIGH, FrameSize(100, 100))

    assert best_layer(SIMULCAST, preference) == Layer(2)


@pytest.mark.parametrize(
    ("budget_bps", "layer"),
    [
        (100e3 - 1, None),
        (100e3, Layer(0, 0, 0)),
        (649e3, Layer(0, 0, 1)),
        (650e3, Layer(0, 1, 1)),
    ],
)
def test_budget_takes_pixels_before_it_takes_frames(budget_bps: float, layer: Layer | None) -> None:
    assert best_layer(SCALABLE, Preference(), budget_bps) == layer


# Three encodings of which each has its lowest temporal layer and all.
THINNED = [
    ActiveLayer(Layer(index, 0, temporal), rate, FrameSize(*size))
    for index, temporal, rate, size in (
        (0, 0, 60e3, (320, 180)),
        (0, 2, 150e3, (320, 180)),
        (1, 0, 200e3, (640, 360)),
        (1, 2, 500e3, (640, 360)),
        (2, 0, 680e3, (1280, 720)),
        (2, 2, 1700e3, (1280, 720)),
    )
]


@pytest.mark.parametrize(
    "layers",
    [THINNED, [each._replace(frame_size=None) for each in THINNED]],
    ids=["by size", "by rate"],
)
@pytest.mark.parametrize(
    ("budget_bps", "layer"),
    [
        (59e3, None),
        (149e3, Layer(0, 0, 0)),
        (499e3, Layer(0, 0, 2)),
        (1699e3, Layer(1, 0, 2)),
        (1700e3, Layer(2, 0, 2)),
    ],
)
def test_only_the_smallest_picture_loses_frames(
    layers: list[ActiveLayer], budget_bps: float, layer: Layer | None
) -> None:
    assert best_layer(layers, Preference(), budget_bps) == layer


def test_there_is_no_best_layer_of_none() -> None:
    assert best_layer([], Preference()) is None


def test_layers_are_in_order_of_size_where_all_are_known() -> None:
    small = ActiveLayer(Layer(1), 900e3, FrameSize(320, 180))
    large = ActiveLayer(Layer(0), 0.0, FrameSize(640, 360))

    assert ascending([large, small]) == [small, large]
    assert ascending([large, small._replace(frame_size=None)])[0] == large


def test_many_small_frames_are_better_than_few_large_ones() -> None:
    fluent = ActiveLayer(Layer(0, 0, 2), 300e3, FrameSize(320, 180))
    jerky = ActiveLayer(Layer(0, 1, 0), 200e3, FrameSize(640, 360))

    assert ascending([fluent, jerky]) == [jerky, fluent]


def test_rate_is_that_of_about_the_last_second() -> None:
    meter = RateMeter()
    assert meter.bitrate_bps == 0.0
    for step in range(21):
        meter.sample(1000 * step if step < 11 else 11000 + 5000 * (step - 11), 0.1 * step)

    assert meter.bitrate_bps == pytest.approx(8 * 5000 * 10, rel=0.12)


def test_rate_of_no_time_is_zero() -> None:
    meter = RateMeter()
    meter.sample(0, 1.0)
    meter.sample(1000, 1.0)

    assert meter.bitrate_bps == 0.0


@pytest.mark.parametrize(("count", "index"), [(1, 0), (2, 0), (3, 1)])
def test_viewer_whose_path_is_not_known_begins_with_a_smaller_picture(
    count: int, index: int
) -> None:
    sizes = (320, 640, 1280)
    layers = [
        ActiveLayer(Layer(each), 150e3 * 4**each, FrameSize(sizes[each], sizes[each] // 2))
        for each in range(count)
    ]

    assert best_layer(layers, Preference(), cautiously=True) == Layer(index)
    assert best_layer(layers, Preference()) == Layer(count - 1)
