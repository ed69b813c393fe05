"""Steps: what is staged, and the way back."""

from contacttools.planning.provenance import NONE, Provenance
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
    steps.forget(["a"], {("a", "x"): (1, NONE)})
    assert ("a", "x") not in steps.touched()
    steps.push([("a", "x", 1)], open_keys={("a", "x")})
    assert {("a", "x")} == steps.touched()
    steps.undo()

    assert (False, {"a": {"x": 1}}) == (("a", "x") in steps.touched(), steps.staged)


def test_what_is_forgotten_of_one_contact_is_kept_of_the_others():
    """Of it what is staged stays, without a way back or forth; the others have theirs."""
    steps = Steps()
    steps.push([("a", "x", 1), ("b", "x", 1)])
    steps.push([("a", "x", 2)])
    steps.push([("b", "x", 2), ("a", "y", 2)])
    steps.undo()
    steps.forget(["a"], {("a", "x"): (5, NONE)})

    assert {"a": {"x": 5}, "b": {"x": 1}} == steps.copy()
    assert [True, {"a": {"x": 5}, "b": {"x": 2}}, False] == [
        steps.redo(), steps.copy(), steps.redo(),
    ]  # fmt: skip
    assert [True, True, False] == [steps.undo(), steps.undo(), steps.undo()]
    assert {"a": {"x": 5}} == steps.copy()


def test_rules_are_remembered_as_long_as_their_steps_are():
    """Undo takes a rule back with its step, redo brings it again; one without effect stays."""
    steps, said = Steps(), [Provenance(rule=name) for name in "abc"]
    steps.note(said[0])
    steps.push([("a", "x", 1)])
    steps.note(said[1])
    assert [True, said[:1]] == [steps.undo(), steps.applied()]
    assert [True, said[:2]] == [steps.redo(), steps.applied()]
    steps.undo()
    steps.push([("a", "x", 2)])
    steps.note(said[2])

    assert [said[0], said[2]] == steps.applied()


def test_a_copy_stays_as_it_is():
    """What is staged later is not in it."""
    steps = Steps()
    steps.push([("a", "x", 1)])
    copy = steps.copy()
    steps.push([("a", "y", 2)])

    assert {"a": {"x": 1}} == copy


def test_a_rule_that_was_taken_back_stays_so_when_a_contact_is_forgotten():
    """Its place among the steps is kept, whether they are done or can be done again."""
    steps, said = Steps(), Provenance(rule="a")
    steps.push([("b", "x", 1)])
    steps.push([("a", "x", 1), ("c", "x", 1)])
    steps.note(said)
    steps.undo()
    steps.forget(["b"], {})

    assert [] == steps.applied()
    assert [True, [said]] == [steps.redo(), steps.applied()]


def test_a_rule_without_effect_leaves_those_that_can_be_done_again():
    """It comes before them: they are done after it."""
    steps, said = Steps(), [Provenance(rule=name) for name in "ab"]
    steps.push([("a", "x", 1)])
    steps.note(said[0])
    steps.undo()
    steps.note(said[1])

    assert [said[1]] == steps.applied()
    assert [True, [said[1], said[0]]] == [steps.redo(), steps.applied()]
