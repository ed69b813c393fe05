"""The plain form of a table, for pages that cannot load the table itself."""

from people_builder import ANN, BOB, CAT, stage

import contacttools as ct
from contacttools.widgets.plain import Plain, WithPlain


def shown(staged, *args, **options):
    """Return the plain form of a grid."""
    return Plain(ct.grid(staged, *args, **options))


def control(plain, label):
    """Return the control of the chosen row that has this label."""
    (found,) = [
        box.children[0] for box in plain._row.children if box.children[0].description == label
    ]
    return found


def notes(plain):
    """Return what is said beside the controls."""
    return "".join(box.children[1].value for box in plain._row.children if len(box.children) > 1)


def test_a_row_is_chosen_and_edited():
    """What is typed is staged as in the table, and told in the list and beside the control."""
    staged = stage()
    plain = shown(staged)
    plain.list.index = 1
    control(plain, "Company").value = "Sample Ltd"
    assert {BOB: {"company": "Sample Ltd"}} == staged.edits()
    assert plain.list.options[1][0].startswith("staged · Bob")
    assert "was empty" in notes(plain)
    plain.undo.click()
    assert ({}, "") == (staged.edits(), control(plain, "Company").value)
    plain.redo.click()
    staged.edit(BOB, {"company": "By code"})
    assert "By code" == control(plain, "Company").value


def test_what_is_refused_stays_with_its_reason():
    """And is not staged."""
    staged = stage()
    plain = shown(staged)
    control(plain, "Birthdate").value = "31.2.2001"
    assert {} == staged.edits()
    assert "is not a date" in notes(plain)
    assert "31.2.2001" == control(plain, "Birthdate").value
    control(plain, "Birthdate").value = "2001-02-03"
    assert {ANN: {"birthdate": "2001-02-03"}} == staged.edits()


def test_rows_are_searched():
    """Those that do not match are not listed."""
    plain = shown(stage())
    assert 3 == len(plain.list.options)
    plain.search.value = "sample"
    assert [True] == ["Cat" in text for text, _ in plain.list.options]


def test_items_are_added_and_removed():
    """In a tidy table; what the service sets is not typed into."""
    staged = stage()
    plain = shown(staged, "phones", where=[CAT])
    assert control(plain, "E.164").disabled
    plain.new.value = "555-0177"
    assert ["555-0199", "555-0177"] == [each["phone"] for each in staged.value(CAT, "phones")]
    control(plain, "Primary").value = "no"
    plain.list.index = 0
    plain.remove.click()
    assert ["555-0177"] == [each["phone"] for each in staged.value(CAT, "phones")]
    assert plain.list.options[0][0].startswith("removed")


def test_it_takes_the_place_of_a_table_that_does_not_load():
    """And leaves it again once the table is there after all."""
    grid = ct.grid(stage())
    both = WithPlain(grid)
    both._timer.cancel()
    assert (grid,) == both.children
    both._waited()
    assert [grid, both.plain] == list(both.children)
    assert "could not be loaded" in both.plain.children[1].value
    grid.loaded = True
    assert (None, (grid,)) == (both.plain, tuple(both.children))
    assert [] == grid._followers
    both.close()


def test_a_table_that_loads_stays_alone():
    """Nothing is drawn beside it."""
    grid = ct.grid(stage())
    both = WithPlain(grid)
    both._timer.cancel()
    grid.loaded = True
    both._waited()
    assert (None, (grid,)) == (both.plain, both.children)


def test_a_grid_shows_itself_with_what_may_take_its_place():
    """A cell that ends in it has both."""
    grid = ct.grid(stage())
    bundle = grid._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"].startswith("<Grid of 3 contacts")
