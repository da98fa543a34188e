"""keras.visualization: what is in the pictures."""

import numpy as np
import pytest

from headwater import keras
from headwater.errors import ArgumentError, DTypeError, RangeError, ShapeError
from headwater.keras import visualization

BOXES = {"boxes": [[[2, 3, 10, 12], [0, 0, 5, 5]]], "labels": [[1, -1]]}


@pytest.mark.parametrize(
    ("form", "numbers"), [("xyxy", [2, 3, 10, 12]), ("xywh", [2, 3, 8, 9]), ("yxyx", [3, 2, 12, 10])]
)
def test_a_box_is_drawn_at_its_edges_in_any_format(form, numbers):
    boxes = {"boxes": [[numbers]], "labels": [[0]]}
    drawn = visualization.draw_bounding_boxes(np.zeros((1, 16, 16, 3)), boxes, form, color=(1, 2, 3), line_thickness=1)
    rows, columns = np.nonzero(drawn[0, :, :, 0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 12, 2, 10)
    assert drawn[0, 3, 2].tolist() == [1, 2, 3]
    assert not drawn[0, 5, 5].any()


def test_a_label_of_minus_one_is_no_box_and_a_known_label_is_named():
    images = np.zeros((1, 64, 64, 3), "uint8")
    plain = visualization.draw_bounding_boxes(images, BOXES, "xyxy")
    assert not plain[0, 0, 0].any()
    named = visualization.draw_bounding_boxes(
        images, {**BOXES, "confidences": [[0.5, 0.5]]}, "xyxy", class_mapping={1: "cat"}
    )
    assert np.count_nonzero(named) > np.count_nonzero(plain)


def test_floats_up_to_one_are_light_and_channels_may_come_first():
    images = np.full((1, 3, 8, 8), 0.5)
    drawn = visualization.draw_bounding_boxes(images, BOXES, "xyxy", data_format="channels_first")
    assert drawn.shape == (1, 8, 8, 3)
    assert drawn[0, 7, 0, 0] == 127


@pytest.mark.parametrize(
    ("images", "boxes", "error"),
    [(np.zeros((4, 4, 3)), BOXES, ArgumentError), (np.zeros((1, 4, 4, 3)), [1], TypeError),
     (np.zeros((1, 4, 4, 3)), {"boxes": [[[0, 0, 1, 1]]]}, ArgumentError)],
)  # fmt: skip
def test_what_is_no_batch_or_no_boxes_is_refused(images, boxes, error):
    with pytest.raises(error):
        visualization.draw_bounding_boxes(images, boxes, "xyxy")


@pytest.mark.parametrize("blend", [True, False])
@pytest.mark.parametrize("ignored", [-1, 0])
def test_masks_are_drawn_as_keras_draws_them(blend, ignored, keras_visualization):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 5, 6, 3)).astype("float32")
    masks = rng.integers(0, 4, (2, 5, 6, 1)).astype("int32")
    options = {"num_classes": 4, "alpha": 0.6, "blend": blend, "ignore_index": ignored}
    ours = visualization.draw_segmentation_masks(images, masks, **options)
    theirs = keras_visualization.draw_segmentation_masks(images, masks, **options)
    np.testing.assert_allclose(ours, np.asarray(theirs), atol=1)


@pytest.fixture
def keras_visualization():
    return pytest.importorskip("keras", reason="compares with the installed Keras").visualization


def test_masks_that_name_no_classes_are_refused():
    with pytest.raises(DTypeError):
        visualization.draw_segmentation_masks(np.zeros((1, 2, 2, 3)), np.zeros((1, 2, 2, 1)))
    with pytest.raises(ArgumentError, match="cover"):
        visualization.draw_segmentation_masks(np.zeros((1, 2, 2, 3)), np.zeros((1, 3, 2, 1), int))


@pytest.mark.parametrize(("count", "grid"), [(1, (1, 1)), (6, (3, 2)), (7, (3, 3))])
def test_a_gallery_holds_all_images(count, grid, tmp_path):
    path = tmp_path / "gallery.png"
    figure = visualization.plot_image_gallery(np.zeros((count, 4, 4, 1)), path=path)
    assert len(figure.axes) == grid[0] * grid[1]
    assert path.read_bytes().startswith(b"\x89PNG")


def test_labels_need_names_and_unknown_ones_say_so():
    images = np.zeros((2, 4, 4, 3))
    with pytest.raises(ArgumentError, match="label_map"):
        visualization.plot_image_gallery(images, y_true=[0, 1], show=False)
    figure = visualization.plot_image_gallery(images, y_true=[0, 1], y_pred=[1, 0], label_map={0: "cat"}, show=False)
    assert [axes.get_title() for axes in figure.axes[:2]] == ["Label: cat  Pred: Unknown", "Label: Unknown  Pred: cat"]


def test_a_gallery_of_boxes_says_which_colour_is_which():
    figure = visualization.plot_bounding_box_gallery(
        np.zeros((1, 16, 16, 3)), "xyxy", y_true=BOXES, y_pred=BOXES, legend=True, show=False
    )
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Ground Truth", "Prediction"]
    with pytest.raises(ArgumentError, match="legend"):
        visualization.plot_bounding_box_gallery(np.zeros((1, 4, 4, 3)), "xyxy", legend=True, legend_handles=[1])


def test_curves_show_training_and_validation_of_every_metric(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x = np.ones((8, 2), "float32")
    history = model.fit(x, x[:, :1], epochs=4, verbose=0, validation_data=(x, x[:, :1]), validation_freq=2)
    figure = history.plot(to_file=tmp_path / "curves.svg")
    assert sorted(axes.get_title() for axes in figure.axes) == ["loss", "mae"]
    training, validation = figure.axes[0].lines
    assert training.get_xdata().tolist() == [1, 2, 3, 4]
    assert validation.get_xdata().tolist() == [2, 4]
    assert "<svg" in (tmp_path / "curves.svg").read_text()
    with pytest.raises(ArgumentError, match="recorded"):
        history.plot("accuracy")


def test_a_history_is_a_frame_with_a_row_for_each_epoch():
    pytest.importorskip("pandas", reason="a frame is one of pandas")
    history = keras.callbacks.History()
    history.on_train_begin()
    for epoch in (3, 4):
        history.on_epoch_end(epoch, {"loss": float(epoch)})
    frame = history.to_frame()
    assert frame.index.tolist() == [3, 4]
    assert frame["loss"].tolist() == [3.0, 4.0]


def test_the_confusion_matrix_counts_pairs_of_classes():
    true = [0, 0, 1, 2, 2, 2]
    scores = np.eye(3)[[0, 1, 1, 2, 2, 0]]
    figure = visualization.plot_confusion_matrix(true, scores, labels=["a", "b", "c"])
    axes = figure.axes[0]
    cells = {tuple(int(part) for part in text.get_position()[::-1]): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "1", (0, 1): "1", (1, 1): "1", (2, 2): "2", (2, 0): "1"}
    assert axes.get_ylabel() == "true"
    shares = visualization.plot_confusion_matrix(true, scores, normalize=True).axes[0].texts
    assert sorted(text.get_text() for text in shares) == ["100%", "33%", "50%", "50%", "67%"]


def test_classes_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError):
        visualization.plot_confusion_matrix([0, 1], [0])
    with pytest.raises(RangeError):
        visualization.plot_confusion_matrix([0, 1], [0, 1], labels=["only"])
    with pytest.raises(RangeError):
        visualization.plot_confusion_matrix([0, -1], [0, 1])
