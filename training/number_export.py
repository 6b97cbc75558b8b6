"""Exports the number finder to ONNX, checks it against PyTorch and describes it.

    python -m training.number_export

writes `numbers.onnx` and `numbers.json` from the saved weights, with the thresholds and figures
that the former `numbers.json` holds. The network is exported from
PyTorch; what surrounds it is written below in ONNX's own operators, because a loop goes over as
many scales as a picture needs. `training.number_graph` has the same steps in PyTorch, and both must
agree on every probe.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.parser
import torch
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto

from inference.metadata import SCHEMA_VERSION
from inference.number.metadata import CONTRACT
from inference.number.reader import PLAIN_SHARE
from training import number_graph
from training.checkpoint import library_versions
from training.config import add_folder_flag, command_line_parser, say
from training.export import (
    OPSET,
    identity_of,
    open_session,
    read_description,
    strip_build_traces,
    write_description,
)
from training.files import draft_of
from training.model import parameter_count
from training.number_checkpoint import NumberCheckpoint
from training.number_graph import NumberGraph
from training.number_network import (
    GRANULARITY_PX,
    LARGEST_LOG_EDGE,
    SMALLEST_LOG_EDGE,
    STRIDE_PX,
    UNIT_PX,
    NumberNetwork,
)
from training.synthesis.texts import CHARACTERS

NUMBER_MODEL_VERSION = "1.4.1"
NUMBER_MODEL = "numbers.onnx"
NUMBER_DESCRIPTION = "numbers.json"

IR_VERSION = 9
"""onnxruntime 1.17 and later can load it."""

TOLERANCES = {"boxes": 0.05, "probabilities": 1e-3, "ink": 2.0}
"""Largest differences allowed between ONNX and PyTorch: boxes in pixels of the finest scale, ink in
levels of 1/255, on average over a character, whose outermost row may be in or out.

Both compute in float32 and sum in different orders: 1e-5 of a logit is usual. Edges of boxes are
exponentials of up to 265 pixels, which multiply it, and ink is rounded to whole levels.
"""

SIDE = number_graph.INK_SIDE_PX

_CELL_SHARES = [(cell + 0.5) / SIDE for cell in range(SIDE)]

_SURROUNDINGS = f"""
<ir_version: {IR_VERSION}, opset_import: ["": {OPSET}]>
numbers (uint8[height, width] luminance)
    => (float[found, 4] boxes, float[found, {len(CHARACTERS)}] probabilities,
        uint8[found, {SIDE}, {SIDE}] ink) {{
    zero = Constant <value_ints = [0]> ()
    one = Constant <value_ints = [1]> ()
    minus_one = Constant <value_ints = [-1]> ()
    picture = Cast <to = 1> (luminance)
    sides_px = Shape (luminance)
    sides = Cast <to = 1> (sides_px)

    # The finest scale: a drawing's strokes say how fine it needs to be.
    longest_side = Constant <value_float = {float(number_graph.LONGEST_SIDE_PX)}> ()
    most_enlarged = Constant <value_float = {number_graph.MOST_ENLARGED}> ()
    longest = ReduceMax <keepdims = 0> (sides)
    fitting = Div (longest_side, longest)
    limit = Min (most_enlarged, fitting)
    origin = Constant <value_ints = [0, 0]> ()
    first_pixel = Constant <value_ints = [1, 1]> ()
    corner = Slice (picture, origin, first_pixel)
    difference = Sub (picture, corner)
    contrast = Abs (difference)
    is_corner_level = Equal (picture, corner)
    corner_level = Cast <to = 1> (is_corner_level)
    plain = ReduceMean <keepdims = 0> (corner_level)
    far = Constant <value_ints = [1000000000]> ()
    below = Slice (picture, one, far, zero)
    above = Slice (picture, zero, minus_one, zero)
    down = Sub (below, above)
    down_edges = Abs (down)
    down_outline = ReduceSum <keepdims = 0> (down_edges)
    right = Slice (picture, one, far, one)
    left = Slice (picture, zero, minus_one, one)
    across = Sub (right, left)
    across_edges = Abs (across)
    across_outline = ReduceSum <keepdims = 0> (across_edges)
    outline = Add (down_outline, across_outline)
    all_ink = ReduceSum <keepdims = 0> (contrast)
    obliqueness = Constant <value_float = {number_graph.STROKE_FACTOR}> ()
    ink_area = Mul (all_ink, obliqueness)
    least_area = Constant <value_float = 1.0> ()
    some_area = Max (ink_area, least_area)
    wanted_stroke = Constant <value_float = {number_graph.STROKE_PX}> ()
    wanted_area = Mul (outline, wanted_stroke)
    drawn_scale = Div (wanted_area, some_area)
    drawing_scale = Min (limit, drawn_scale)
    plain_share = Constant <value_float = {PLAIN_SHARE}> ()
    no_level = Constant <value_float = 0.0> ()
    is_plain = Greater (plain, plain_share)
    scale = Where (is_plain, drawing_scale, limit)
    scaled = Mul (sides, scale)
    rounded = Round (scaled)
    least_side = Constant <value_float = 1.0> ()
    level_sides = Max (rounded, least_side)
    level_sides_px = Cast <to = 7> (level_sides)
    leading = Constant <value_ints = [1, 1]> ()
    level_shape = Concat <axis = 0> (leading, level_sides_px)
    leading_axes = Constant <value_ints = [0, 1]> ()
    image = Unsqueeze (picture, leading_axes)
    finest = Resize <antialias = 1, mode = "linear",
                     coordinate_transformation_mode = "half_pixel">
             (image, no_region, no_scales, level_shape)
    stretch_rows_first = Div (sides, level_sides)
    swapped = Constant <value_ints = [1, 0, 1, 0]> ()
    stretch = Gather (stretch_rows_first, swapped)

    # Every scale, from the finest on.
    drawing_step = Constant <value_float = {number_graph.DRAWING_STEP}> ()
    photograph_step = Constant <value_float = {number_graph.PHOTOGRAPH_STEP}> ()
    step = Where (is_plain, drawing_step, photograph_step)
    most_scales = Constant <value_int = {number_graph.MOST_SCALES}> ()
    start = Constant <value = bool {{1}}> ()
    no_boxes_shape = Constant <value_ints = [0, 4]> ()
    no_boxes = ConstantOfShape (no_boxes_shape)
    no_probabilities_shape = Constant <value_ints = [0, {len(CHARACTERS)}]> ()
    no_probabilities = ConstantOfShape (no_probabilities_shape)
    last_level, last_stretch, every_box, every_probability = Loop <body = looking (
            int64 index, bool goes_on,
            float[1, 1, rows, columns] level, float[4] level_stretch,
            float[before, 4] boxes_before, float[before, {len(CHARACTERS)}] probabilities_before
        ) => (
            bool goes_on_then,
            float[1, 1, rows_then, columns_then] next_level, float[4] next_stretch,
            float[after, 4] boxes_after, float[after, {len(CHARACTERS)}] probabilities_after
        ) {{
        goes_on_still = Identity (goes_on)
        level_size = Shape <start = 2> (level)
        lacking_sign = Neg (level_size)
        granularity = Constant <value_int = {GRANULARITY_PX}> ()
        lacking = Mod (lacking_sign, granularity)
        no_pads = Constant <value_ints = [0, 0, 0, 0, 0, 0]> ()
        pads = Concat <axis = 0> (no_pads, lacking)
        padded = Pad <mode = "edge"> (level, pads)
        channel = Constant <value_ints = [1]> ()
        batch = Squeeze (padded, channel)
        cells = Network (batch)

        first = Constant <value_ints = [0]> ()
        second = Constant <value_ints = [1]> ()
        end_of_characters = Constant <value_ints = [{1 + len(CHARACTERS)}]> ()
        end = Constant <value_ints = [1000]> ()
        middle_logit = Slice (cells, first, second, second)
        middle = Sigmoid (middle_logit)
        around = MaxPool <kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [1, 1]> (middle)
        is_top = Equal (middle, around)
        least = Constant <value_float = {number_graph.LEAST_PROBABILITY}> ()
        is_likely = GreaterOrEqual (middle, least)
        is_peak = And (is_top, is_likely)
        peak = NonZero (is_peak)
        peaks = Transpose <perm = [1, 0]> (peak)
        without_channel = Constant <value_ints = [0, 2, 3]> ()
        cell_index = Gather <axis = 1> (peaks, without_channel)
        per_cell = Transpose <perm = [0, 2, 3, 1]> (cells)
        found = GatherND (per_cell, cell_index)
        found_logit = Slice (found, first, second, second)
        found_middle = Sigmoid (found_logit)
        character_logits = Slice (found, second, end_of_characters, second)
        character = Softmax <axis = 1> (character_logits)
        probability = Mul (character, found_middle)
        edges = Slice (found, end_of_characters, end, second)
        lowest_edge = Constant <value_float = {SMALLEST_LOG_EDGE}> ()
        highest_edge = Constant <value_float = {LARGEST_LOG_EDGE}> ()
        clipped_edges = Clip (edges, lowest_edge, highest_edge)
        reach_units = Exp (clipped_edges)
        signed_unit = Constant
            <value_floats = [-{UNIT_PX}, -{UNIT_PX}, {UNIT_PX}, {UNIT_PX}]> ()
        reach = Mul (reach_units, signed_unit)
        column_and_row = Constant <value_ints = [3, 2, 3, 2]> ()
        where_index = Gather <axis = 1> (peaks, column_and_row)
        where_cell = Cast <to = 1> (where_index)
        half = Constant <value_float = 0.5> ()
        where_middle = Add (where_cell, half)
        stride = Constant <value_float = {float(STRIDE_PX)}> ()
        where_px = Mul (where_middle, stride)
        level_boxes = Add (where_px, reach)
        picture_boxes = Mul (level_boxes, level_stretch)
        boxes_after = Concat <axis = 0> (boxes_before, picture_boxes)
        probabilities_after = Concat <axis = 0> (probabilities_before, probability)

        padded_sides_px = Shape <start = 2> (padded)
        padded_sides = Cast <to = 1> (padded_sides_px)
        coarser = Mul (padded_sides, step)
        coarser_rounded = Round (coarser)
        next_sides = Max (coarser_rounded, least_side)
        next_sides_px = Cast <to = 7> (next_sides)
        next_size = Concat <axis = 0> (leading, next_sides_px)
        next_level = Resize <mode = "linear", coordinate_transformation_mode = "half_pixel">
                     (padded, no_region, no_scales, next_size)
        coarsened_rows_first = Div (padded_sides, next_sides)
        coarsened = Gather (coarsened_rows_first, swapped)
        next_stretch = Mul (level_stretch, coarsened)
        next_shape = Shape (next_level)
        next_longest = ReduceMax <keepdims = 0> (next_shape)
        least_longest = Constant <value_int = {number_graph.LEAST_SIDE_PX}> ()
        goes_on_then = GreaterOrEqual (next_longest, least_longest)
    }}> (most_scales, start, finest, stretch, no_boxes, no_probabilities)

    # Of what several scales or neighbouring cells have found, the likeliest is kept.
    no_side = Constant <value_float = 0.0> ()
    not_negative = Max (every_box, no_side)
    right_and_bottom = Gather (sides, swapped)
    inside = Min (not_negative, right_and_bottom)
    boxes_of_one_class = Unsqueeze (inside, zero)
    score = ReduceSum <keepdims = 0> (every_probability, one)
    scores = Unsqueeze (score, leading_axes)
    most_kept = Constant <value_ints = [1000000000]> ()
    overlap = Constant <value_floats = [{number_graph.MOST_OVERLAP}]> ()
    kept = NonMaxSuppression (boxes_of_one_class, scores, most_kept, overlap)
    third = Constant <value_int = 2> ()
    kept_index = Gather <axis = 1> (kept, third)
    boxes_by_score = Gather (inside, kept_index)
    own_likely = Gather (every_probability, kept_index)

    # All scales on which a character was found say which it is, the best how likely it is there.
    left_and_top = Constant <value_ints = [0, 1]> ()
    right_and_below = Constant <value_ints = [2, 3]> ()
    pair_axis = Constant <value_ints = [1]> ()
    kept_first = Gather <axis = 1> (boxes_by_score, left_and_top)
    kept_last = Gather <axis = 1> (boxes_by_score, right_and_below)
    every_first = Gather <axis = 1> (inside, left_and_top)
    every_last = Gather <axis = 1> (inside, right_and_below)
    kept_first_3 = Unsqueeze (kept_first, pair_axis)
    kept_last_3 = Unsqueeze (kept_last, pair_axis)
    shared_first = Max (kept_first_3, every_first)
    shared_last = Min (kept_last_3, every_last)
    shared_sides = Sub (shared_last, shared_first)
    shared_extent = Relu (shared_sides)
    last_axis = Constant <value_ints = [2]> ()
    shared = ReduceProd <keepdims = 0> (shared_extent, last_axis)
    kept_sides = Sub (kept_last, kept_first)
    every_sides = Sub (every_last, every_first)
    kept_area = ReduceProd <keepdims = 1> (kept_sides, one)
    every_area = ReduceProd <keepdims = 0> (every_sides, one)
    both_areas = Add (kept_area, every_area)
    either = Sub (both_areas, shared)
    same_overlap = Constant <value_float = {number_graph.SAME_OVERLAP}> ()
    needed_overlap = Mul (either, same_overlap)
    is_same = Greater (shared, needed_overlap)
    same = Cast <to = 1> (is_same)
    own_weight = Constant <value_float = {number_graph.OWN_WEIGHT}> ()
    scale_weighted = MatMul (same, every_probability)
    own_weighted = Mul (own_likely, own_weight)
    weighted = Add (scale_weighted, own_weighted)
    every_score = ReduceSum <keepdims = 1> (every_probability, one)
    scale_weights = MatMul (same, every_score)
    own_score = ReduceSum <keepdims = 1> (own_likely, one)
    own_total_weight = Mul (own_score, own_weight)
    weights = Add (scale_weights, own_total_weight)
    mean = Div (weighted, weights)
    drawing_count = Constant <value_ints = [{number_graph.DRAWING_BEST_SCALES}]> ()
    photograph_count = Constant <value_ints = [{number_graph.PHOTOGRAPH_BEST_SCALES}]> ()
    scale_count = Where (is_plain, drawing_count, photograph_count)
    same_scores = Mul (same, score)
    # A row more: some runtimes end the process where TopK is given none. It comes last.
    one_row_more = Constant <value_ints = [0, 0, 1]> ()
    count_pads = Concat <axis = 0> (one_row_more, scale_count)
    scores_of_scales = Pad (same_scores, count_pads)
    best_scores, best_scales = TopK <axis = 1> (scores_of_scales, scale_count)
    there_and_more = ReduceMean <keepdims = 1> (best_scores, one)
    there = Slice (there_and_more, zero, minus_one, zero)
    probabilities_by_score = Mul (mean, there)
    there_flat = Squeeze (there_and_more, one)
    rows = Shape (there_flat)
    there_in_order, order_and_more = TopK (there_flat, rows)
    order = Slice (order_and_more, zero, minus_one, zero)
    boxes = Gather (boxes_by_score, order)
    probabilities = Gather (probabilities_by_score, order)

    # Each character as ink on a square, cut out of the finest scale.
    squares_of_all = Div (boxes, stretch)
    two_columns = Constant <value_ints = [2, 2]> ()
    first, last = Split <axis = 1> (squares_of_all, two_columns)
    extent = Sub (last, first)
    longer_side = ReduceMax <keepdims = 1> (extent, one)
    longer = Max (longer_side, least_side)
    ends = Add (first, last)
    one_half = Constant <value_float = 0.5> ()
    character_middle = Mul (ends, one_half)
    reach_share = Constant <value_float = {0.5 + number_graph.INK_MARGIN}> ()
    half_square = Mul (longer, reach_share)
    square_start = Sub (character_middle, half_square)
    square_end = Add (character_middle, half_square)
    squares = Concat <axis = 1> (square_start, square_end)
    first_picture = Sub (kept_index, kept_index)
    cut = RoiAlign <mode = "avg", output_height = {SIDE}, output_width = {SIDE},
                    sampling_ratio = 0, coordinate_transformation_mode = "half_pixel">
          (finest, squares, first_picture)
    shown = Squeeze (cut, one)
    cell_shares = Constant <value_floats = {_CELL_SHARES}> ()
    doubling = Constant <value_float = 2.0> ()
    square_side = Mul (half_square, doubling)
    two_axis = Constant <value_ints = [2]> ()
    square_start_3 = Unsqueeze (square_start, two_axis)
    square_side_3 = Unsqueeze (square_side, two_axis)
    cell_offset = Mul (cell_shares, square_side_3)
    where = Add (square_start_3, cell_offset)
    finest_width_first = Constant <value_ints = [1, 0]> ()
    finest_sides = Gather (level_sides, finest_width_first)
    finest_limit = Unsqueeze (finest_sides, one)
    after_start = GreaterOrEqual (where, no_side)
    before_end = Less (where, finest_limit)
    axis_shown = And (after_start, before_end)
    own_share = Constant <value_float = {number_graph.INK_OWN}> ()
    own_reach = Mul (longer, own_share)
    own_start = Sub (first, own_reach)
    own_end = Add (last, own_reach)
    own_start_3 = Unsqueeze (own_start, two_axis)
    own_end_3 = Unsqueeze (own_end, two_axis)
    after_own_start = GreaterOrEqual (where, own_start_3)
    before_own_end = LessOrEqual (where, own_end_3)
    axis_own = And (after_own_start, before_own_end)
    x_axis = Constant <value_int = 0> ()
    y_axis = Constant <value_int = 1> ()
    columns_shown = Gather <axis = 1> (axis_shown, x_axis)
    rows_shown = Gather <axis = 1> (axis_shown, y_axis)
    columns_own = Gather <axis = 1> (axis_own, x_axis)
    rows_own = Gather <axis = 1> (axis_own, y_axis)
    columns_shown_3 = Unsqueeze (columns_shown, one)
    rows_shown_3 = Unsqueeze (rows_shown, two_axis)
    columns_own_3 = Unsqueeze (columns_own, one)
    rows_own_3 = Unsqueeze (rows_own, two_axis)
    is_shown = And (rows_shown_3, columns_shown_3)
    is_own = And (rows_own_3, columns_own_3)
    is_other = Not (is_own)
    is_around = And (is_shown, is_other)
    around = Cast <to = 1> (is_around)
    is_shown_own = And (is_shown, is_own)
    own = Cast <to = 1> (is_shown_own)
    square_axes = Constant <value_ints = [1, 2]> ()
    around_sum = ReduceSum <keepdims = 1> (around, square_axes)
    around_count = Max (around_sum, least_side)
    shown_around = Mul (shown, around)
    shown_around_sum = ReduceSum <keepdims = 1> (shown_around, square_axes)
    rough_paper = Div (shown_around_sum, around_count)
    off = Sub (shown, rough_paper)
    off_squared = Mul (off, off)
    off_around = Mul (off_squared, around)
    off_sum = ReduceSum <keepdims = 1> (off_around, square_axes)
    variance = Div (off_sum, around_count)
    spread = Sqrt (variance)
    off_by = Abs (off)
    is_paper = LessOrEqual (off_by, spread)
    paper_cell = Cast <to = 1> (is_paper)
    paper_weight = Mul (paper_cell, around)
    paper_weight_sum = ReduceSum <keepdims = 1> (paper_weight, square_axes)
    paper_count = Max (paper_weight_sum, least_side)
    paper_shown = Mul (shown, paper_weight)
    paper_sum = ReduceSum <keepdims = 1> (paper_shown, square_axes)
    paper = Div (paper_sum, paper_count)
    darker = Sub (paper, shown)
    own_sum = ReduceSum <keepdims = 1> (own, square_axes)
    own_count = Max (own_sum, least_side)
    darker_own = Mul (darker, own)
    darker_sum = ReduceSum <keepdims = 1> (darker_own, square_axes)
    darker_mean = Div (darker_sum, own_count)
    darker_each = Squeeze (darker_mean, square_axes)
    kept_score = ReduceSum <keepdims = 0> (probabilities, one)
    darker_weighted = Mul (darker_each, kept_score)
    darkness = ReduceSum <keepdims = 0> (darker_weighted)
    is_light = Less (darkness, no_level)
    lightness = Cast <to = 1> (is_light)
    twice_light = Mul (lightness, doubling)
    one_float = Constant <value_float = 1.0> ()
    sign = Sub (one_float, twice_light)
    signed_ink = Mul (darker, sign)
    positive_ink = Relu (signed_ink)
    raw_ink = Mul (positive_ink, own)
    # TopK of no rows at all ends onnxruntime up to 1.30, so a blank row stands behind them.
    flat_shape = Constant <value_ints = [-1, {SIDE * SIDE}]> ()
    flat_ink = Reshape (raw_ink, flat_shape)
    strongest_count = Constant <value_ints = [{number_graph.STRONGEST_PIXELS}]> ()
    no_ink_shape = Constant <value_ints = [1, {SIDE * SIDE}]> ()
    no_ink = ConstantOfShape (no_ink_shape)
    with_blank = Concat <axis = 0> (flat_ink, no_ink)
    strong_with_blank, strong_index = TopK <axis = 1> (with_blank, strongest_count)
    strong_ink = Slice (strong_with_blank, zero, minus_one, zero)
    last_strong = Constant <value_ints = [{number_graph.STRONGEST_PIXELS - 1}]> ()
    strongest_found = Gather <axis = 1> (strong_ink, last_strong)
    strongest = Max (strongest_found, least_side)
    strongest_3 = Unsqueeze (strongest, two_axis)
    ink_share = Div (raw_ink, strongest_3)
    paper_share = Constant <value_float = {number_graph.PAPER_SHARE}> ()
    ink_above = Sub (ink_share, paper_share)
    ink_range = Constant <value_float = {number_graph.FULL_SHARE - number_graph.PAPER_SHARE}> ()
    ink_scaled = Div (ink_above, ink_range)
    ink_clipped = Clip (ink_scaled, no_level, one_float)
    full_ink = Constant <value_float = 255.0> ()
    ink_levels = Mul (ink_clipped, full_ink)
    ink_rounded = Round (ink_levels)
    ink = Cast <to = 2> (ink_rounded)
}}
"""


def export_numbers(
    checkpoint: NumberCheckpoint,
    folder: Path,
    reading: dict[str, Any],
    metrics: dict[str, Any],
) -> dict[str, Any]:
    """Writes `numbers.onnx` and `numbers.json`, and checks the file against the network.

    Args:
        checkpoint: The trained network.
        folder: Where both files go.
        reading: How what is found becomes a number; from `training.number_calibration`.
        metrics: What was measured, by the data that it was measured on.

    Returns:
        The content of `numbers.json`.

    Raises:
        RuntimeError: ONNX and PyTorch disagree.
    """
    path = folder / NUMBER_MODEL
    graph = NumberGraph(checkpoint.network)
    with draft_of(path) as draft:
        model = number_model(checkpoint.network)
        onnx.helper.set_model_props(
            model,
            {
                "model_version": NUMBER_MODEL_VERSION,
                "labels": json.dumps(list(CHARACTERS)),
                "input": CONTRACT.inputs[0].meaning,
                "reading": json.dumps(reading),
            },
        )
        onnx.checker.check_model(model, full_check=True)
        onnx.save_model(model, draft)
        check_number_parity(graph, draft)
    description = {
        "schema_version": SCHEMA_VERSION,
        "model_version": NUMBER_MODEL_VERSION,
        "file": identity_of(path),
        "labels": list(CHARACTERS),
        "reading": reading,
        "parameters": parameter_count(checkpoint.network),
        "training": {
            **checkpoint.config,
            "earlier_pictures": checkpoint.earlier_pictures,
            "averaged_runs": checkpoint.averaged_runs,
            "data": "pictures composed by programs from MNIST's training images less 5,000 "
            "validation images, and from drawn strokes",
            "seconds": checkpoint.seconds,
            "validation": checkpoint.history[-1] if checkpoint.history else {},
        },
        "versions": {
            "training": checkpoint.versions,
            "export": library_versions("torch", "onnx", "onnxscript", "onnxruntime"),
        },
        "metrics": metrics,
    }
    write_description(folder, description, NUMBER_DESCRIPTION)
    return description


def number_model(network: NumberNetwork) -> ModelProto:
    """Puts the network into its surroundings."""
    model = onnx.parser.parse_model(_SURROUNDINGS)
    inner = _exported(network)
    loop = next(node for node in model.graph.node if node.op_type == "Loop")
    body = next(a.g for a in loop.attribute if a.name == "body")
    position, place = next(
        (i, node) for i, node in enumerate(body.node) if node.op_type == "Network"
    )
    renamed = {inner.input[0].name: place.input[0], inner.output[0].name: place.output[0]}
    nodes = [*body.node[:position], *_renamed(inner, renamed), *body.node[position + 1 :]]
    del body.node[:]
    body.node.extend(nodes)
    for initializer in inner.initializer:
        initializer.name = _inner_name(initializer.name)
    model.graph.initializer.extend(inner.initializer)
    for node in (*model.graph.node, *body.node):
        if "no_region" in node.input:  # Optional inputs have no notation in the text.
            node.input[1:3] = ["", ""]
    return model


def _exported(network: NumberNetwork) -> GraphProto:
    rows, columns = torch.export.Dim("rows", min=1), torch.export.Dim("columns", min=1)
    program = torch.onnx.export(
        network.eval().cpu(),
        (torch.zeros(1, 2 * GRANULARITY_PX, 3 * GRANULARITY_PX),),
        dynamic_shapes=({1: GRANULARITY_PX * rows, 2: GRANULARITY_PX * columns},),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # noqa: S101 - true of the dynamo exporter, whose type says less
    model = program.model_proto  # made anew at each look
    strip_build_traces(model)
    return model.graph


def _inner_name(name: str) -> str:
    return f"network_{name}" if name else ""


def _renamed(graph: GraphProto, outer: dict[str, str]) -> Iterator[NodeProto]:
    """The nodes of a graph with names that are free in another one."""
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [outer.get(name) or _inner_name(name) for name in names]
        node.name = _inner_name(node.name)
        yield node


def probe_pictures() -> Iterator[NDArray[np.uint8]]:
    """Yields pictures on which both runtimes must agree: sizes, blank, full, noise, drawings."""
    random = np.random.default_rng(0)
    for height, width in ((1, 1), (1, 60), (28, 28), (34, 60), (31, 117), (200, 600), (750, 1000)):
        shape = (height, width)
        yield np.zeros(shape, np.uint8)
        yield np.full(shape, 255, np.uint8)
        yield random.integers(0, 256, shape, np.uint8)
        drawing = np.full(shape, 255, np.uint8)
        ring = np.hypot(*np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j])
        drawing[(ring > 0.5) & (ring < 0.7)] = 0
        yield drawing
        light = np.linspace(60, 220, width) * np.ones((height, 1)) * np.where(drawing, 1, 0.4)
        yield (light + random.normal(0, 4, shape)).clip(0, 255).astype(np.uint8)


def largest_number_differences(
    graph: NumberGraph, session: Any, luminance: NDArray[np.uint8]
) -> dict[str, float]:
    """Compares both runtimes on one picture.

    Returns:
        The largest difference of each output by its name, as in `TOLERANCES`; infinite if they do
        not find the same number of characters.
    """
    with torch.no_grad():
        expected = [output.numpy() for output in graph.eval()(torch.from_numpy(luminance))]
    names = [spec.name for spec in CONTRACT.outputs]
    actual = session.run(names, {CONTRACT.inputs[0].name: luminance})
    if len(actual[0]) != len(expected[0]):
        return dict.fromkeys(names, float("inf"))
    # On a noisy picture many characters are nearly as likely as others, and their order is chance.
    orders = [np.lexsort(outputs[0].round(1).T) for outputs in (actual, expected)]
    longest = max(luminance.shape)
    scale = min(number_graph.MOST_ENLARGED, number_graph.LONGEST_SIDE_PX / longest)
    differences = {
        name: np.abs(got[orders[0]].astype(float) - want[orders[1]])
        for name, got, want in zip(names, actual, expected, strict=True)
    }
    # A single pixel at the edge of a box may be in or out.
    differences["ink"] = differences["ink"].mean(axis=(1, 2))
    differences["boxes"] *= scale
    return {name: float(values.max(initial=0.0)) for name, values in differences.items()}


def check_number_parity(graph: NumberGraph, path: Path) -> None:
    """Compares the exported file with the network on every probe.

    Raises:
        RuntimeError: An output differs by more than its tolerance.
    """
    session = open_session(path)
    for luminance in probe_pictures():
        for name, difference in largest_number_differences(graph, session, luminance).items():
            if not difference <= TOLERANCES[name]:
                raise RuntimeError(
                    f"{path.name}: {name!r} differ from PyTorch by {difference:.1e} on a picture "
                    f"of shape {luminance.shape}, more than {TOLERANCES[name]}"
                )


def main() -> None:
    """Runs the command line."""
    parser = command_line_parser(__doc__)
    add_folder_flag(parser)
    folder = parser.parse_args().output
    try:
        checkpoint = NumberCheckpoint.load(folder)
        former = read_description(folder, NUMBER_DESCRIPTION)
        export_numbers(checkpoint, folder, former["reading"], former["metrics"])
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        parser.error(str(error))
    path = folder / NUMBER_MODEL
    print(f"wrote {path} ({path.stat().st_size / 1e6:.2f} MB), equal to PyTorch's outputs")  # noqa: T201
    say(f"measure it next: python -m training.evaluate_numbers FOLDER --finder {path}")


if __name__ == "__main__":
    main()
