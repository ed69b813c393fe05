"""Steps: what is staged, step by step, with undo and redo. Pure."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from typing import NamedTuple

from contacttools.contact.fields import Json
from contacttools.planning.provenance import NONE, Provenance

ABSENT = object()  # as a value: not staged, the contact's own value stands
ALLOWED = "allowDuplicates"  # as a field: why a contact may share its e-mails and phones

#: Staged values by field name, by contact id.
Staged = Mapping[str, Mapping[str, Json]]
Put = tuple[str, str, Json]  # contact id, field, value or ABSENT


class Done(NamedTuple):
    """One put of a step: the value that it replaced, and where it comes from."""

    put: Put
    was: Json
    provenance: Provenance


Step = list[Done]
Made = tuple[int, Provenance]
Mark = tuple[int, list[Step], list[Made]]


class Steps:
    """The staged values, and the way back.

    Attributes
    ----------
    ground : dict
        What was staged by steps that are forgotten, by contact id and field: the value and where
        it comes from.
    done, undone : list of Step
        The last one last.
    made : list of (int, Provenance)
        What rules were applied, in order: after how many steps, and which. A rule that found
        nothing to change is no step, and was applied all the same.
    """

    def __init__(self) -> None:
        self._staged: dict[str, dict[str, Json]] = {}
        self._allowed: dict[str, dict[str, Json]] = {}
        self.ground: dict[tuple[str, str], tuple[Json, Provenance]] = {}
        self.done: list[Step] = []
        self.undone: list[Step] = []
        self.made: list[Made] = []

    @classmethod
    def again(
        cls,
        ground: Mapping[tuple[str, str], tuple[Json, Provenance]],
        done: Iterable[Step],
        undone: Iterable[Step],
        made: Iterable[Made],
    ) -> Steps:
        """Return steps as they were kept."""
        steps = cls()
        steps.ground.update(ground)
        for (contact_id, field), (value, _) in ground.items():
            steps._set((contact_id, field, value))
        for step in done:
            for each in step:
                steps._set(each.put)
            steps.done.append(step)
        steps.undone.extend(undone)
        steps.made.extend(made)
        return steps

    @property
    def staged(self) -> Staged:
        """What is staged now; not a copy."""
        return self._staged

    @property
    def allowed(self) -> dict[str, str]:
        """Return which contacts may share their e-mails and phones, and why."""
        return {contact_id: values[ALLOWED] for contact_id, values in self._allowed.items()}

    def copy(self) -> dict[str, dict[str, Json]]:
        """Return what is staged now, as it will stay."""
        return {contact_id: dict(values) for contact_id, values in self._staged.items()}

    def provenance(self) -> dict[tuple[str, str], Provenance]:
        """Return where what was staged comes from, by who staged it last."""
        told = {key: come for key, (_, come) in self.ground.items()}
        for step in self.done:
            for each in step:
                told[each.put[:2]] = each.provenance
        return told

    def applied(self) -> list[Provenance]:
        """Return the rules that were applied and not taken back, in order."""
        return [each for position, each in self.made if position <= len(self.done)]

    def push(
        self,
        puts: Iterable[Put],
        provenance: Provenance = NONE,
        *,
        open_keys: Container[tuple[str, str]] = (),
    ) -> int:
        """Stage values as one step; return how many of them were no repetition.

        To stage a value again decides what was open, and is part of the step.
        """
        step = [
            Done(put, was, provenance)
            for put in puts
            if (was := self._set(put)) != put[2] or put[:2] in open_keys
        ]
        if step:
            self.made = [each for each in self.made if each[0] <= len(self.done)]
            self.done.append(step)
            self.undone.clear()
        return len(step)

    def note(self, provenance: Provenance) -> None:
        """Remember that a rule was applied by the steps so far, or changed nothing.

        Rules whose steps were taken back, and can be done again, stay behind it.
        """
        now = len(self.done)
        before = [each for each in self.made if each[0] <= now]
        self.made = [*before, (now, provenance), *self.made[len(before) :]]

    def touched(self) -> set[tuple[str, str]]:
        """Return what a step that was not taken back staged or unstaged: contact id and field."""
        return {each.put[:2] for step in self.done for each in step}

    def contacts(self) -> set[str]:
        """Return the contacts that anything staged, done or taken back is about."""
        listed = {each.put[0] for step in (*self.done, *self.undone) for each in step}
        return listed | {contact_id for contact_id, _ in self.ground}

    def mark(self) -> Mark:
        """Return where we are: how many steps there are, those to do again, and the rules."""
        return len(self.done), list(self.undone), list(self.made)

    def join(self, mark: Mark) -> None:
        """Make one step of those since a mark."""
        begin, _, made = mark
        joined = [put for step in self.done[begin:] for put in step]
        self.done[begin:] = [joined] if joined else []
        before = {id(each) for each in made}
        self.made = [
            each if id(each) in before else (len(self.done), each[1]) for each in self.made
        ]

    def back_to(self, mark: Mark) -> None:
        """Take back the steps since a mark, as if they had never been."""
        begin, undone, made = mark
        while len(self.done) > begin:
            self.undo()
        self.undone[:] = undone
        self.made = made

    def forget(
        self,
        contacts: Collection[str],
        values: Mapping[tuple[str, str], tuple[Json, Provenance]],
    ) -> None:
        """Forget the way back for some contacts; of them, just these values are staged from now."""
        for contact_id in contacts:
            self._staged.pop(contact_id, None)
            self._allowed.pop(contact_id, None)
        kept = {key: each for key, each in self.ground.items() if key[0] not in contacts}
        self.ground = {**kept, **values}
        for (contact_id, field), (value, _) in values.items():
            self._set((contact_id, field, value))
        if not contacts:
            return
        done, undone = (
            [[each for each in step if each.put[0] not in contacts] for step in steps]
            for steps in (self.done, self.undone)
        )
        order = [*done, *reversed(undone)]
        self.made = [(sum(map(bool, order[:n])), each) for n, each in self.made]
        self.done = [step for step in done if step]
        self.undone = [step for step in undone if step]

    def undo(self) -> bool:
        """Take back the last step; False when there is none."""
        if not self.done:
            return False
        step = self.done.pop()
        for each in reversed(step):
            contact_id, field, _ = each.put
            self._set((contact_id, field, each.was))
        self.undone.append(step)
        return True

    def redo(self) -> bool:
        """Do again what was taken back last; False when there is nothing."""
        if not self.undone:
            return False
        step = self.undone.pop()
        for each in step:
            self._set(each.put)
        self.done.append(step)
        return True

    def _set(self, put: Put) -> Json:
        contact_id, field, value = put
        held = self._allowed if field == ALLOWED else self._staged
        values = held.setdefault(contact_id, {})
        was = values.get(field, ABSENT)
        if value is ABSENT:
            values.pop(field, None)
        else:
            values[field] = value
        if not values:
            del held[contact_id]
        return was
