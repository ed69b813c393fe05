"""Steps: what is staged, and the way back."""

from contacttools.staging.steps import ABSENT, Steps


def test_a_push_is_one_step():
    """Repetitions are not counted; to stage nothing is no step."""
    steps = Steps()

    assert [2, 0, 1] == [
        steps.push(each)
        for each in (
            [("a", "x", 1), ("b", "x", 1)],
            [("a", "x", 1)],
            [("a", "x", ABSENT), ("c", "x", ABSENT)],
        )
    ]
    assert {"b": {"x": 1}} == steps.staged
    assert [True, True, False] == [steps.undo(), steps.undo(), steps.undo()]
    assert {} == steps.staged


def test_repeating_what_is_open_is_a_step():
    """It decides; undo opens it again."""
    steps = Steps()
    steps.push([("a", "x", 1)])
    steps.settle()
    assert not steps.touched("a", "x")
    steps.push([("a", "x", 1)], open_keys={("a", "x")})
    assert steps.touched("a", "x")
    steps.undo()

    assert (False, {"a": {"x": 1}}) == (steps.touched("a", "x"), steps.staged)


def test_settling_keeps_what_is_staged():
    """And forgets the way back and forth."""
    steps = Steps()
    steps.push([("a", "x", 1)])
    steps.push([("a", "x", 2)])
    steps.undo()
    steps.settle()

    assert [False, False, {"a": {"x": 1}}] == [steps.undo(), steps.redo(), steps.copy()]


def test_a_copy_stays_as_it_is():
    """What is staged later is not in it."""
    steps = Steps()
    steps.push([("a", "x", 1)])
    copy = steps.copy()
    steps.push([("a", "y", 2)])

    assert {"a": {"x": 1}} == copy
