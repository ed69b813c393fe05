"""Steps: what is staged, step by step, with undo and redo. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from contacttools.contact.fields import Json

ABSENT = object()  # as a value: not staged, the contact's own value stands
ALLOWED = "allowDuplicates"  # as a field: why a contact may share its e-mails and phones

#: Staged values by field name, by contact id.
Staged = Mapping[str, Mapping[str, Json]]
Put = tuple[str, str, Json]  # contact id, field, value or ABSENT
Step = list[tuple[Put, Json, str]]  # each put with the value it replaced, and the reason
Mark = tuple[int, list[Step]]


class Steps:
    """The staged values, and the way back."""

    def __init__(self) -> None:
        self._staged: dict[str, dict[str, Json]] = {}
        self._allowed: dict[str, dict[str, Json]] = {}
        self._settled: dict[tuple[str, str], str] = {}  # reasons of steps that are forgotten
        self._done: list[Step] = []
        self._undone: list[Step] = []

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

    def reasons(self) -> dict[tuple[str, str], str]:
        """Return why what is staged is wanted, where the last who staged it said so."""
        told = dict(self._settled)
        for step in self._done:
            told |= {put[:2]: reason for put, _, reason in step}
        return {key: reason for key, reason in told.items() if reason}

    def push(
        self,
        puts: Iterable[Put],
        *,
        reason: str = "",
        open_keys: Container[tuple[str, str]] = (),
    ) -> int:
        """Stage values as one step; return how many of them were no repetition.

        To stage a value again decides what was open, and is part of the step.
        """
        step = [
            (put, was, reason)
            for put in puts
            if (was := self._set(put)) != put[2] or put[:2] in open_keys
        ]
        if step:
            self._done.append(step)
            self._undone.clear()
        return len(step)

    def touched(self, contact_id: str, field: str) -> bool:
        """Say whether a step that was not taken back staged or unstaged this field."""
        return any(put[:2] == (contact_id, field) for step in self._done for put, *_ in step)

    def mark(self) -> Mark:
        """Return where we are: how many steps there are to take back, and those to do again."""
        return len(self._done), list(self._undone)

    def join(self, mark: Mark) -> None:
        """Make one step of those since a mark."""
        begin, _ = mark
        joined = [put for step in self._done[begin:] for put in step]
        self._done[begin:] = [joined] if joined else []

    def back_to(self, mark: Mark) -> None:
        """Take back the steps since a mark, as if they had never been."""
        begin, undone = mark
        while len(self._done) > begin:
            self.undo()
        self._undone[:] = undone

    def settle(self, reasons: Mapping[tuple[str, str], str] | None = None) -> None:
        """Forget the way back; what is staged stays, and why: for these reasons, or its own."""
        self._settled = self.reasons() if reasons is None else dict(reasons)
        self._done.clear()
        self._undone.clear()

    def undo(self) -> bool:
        """Take back the last step; False when there is none."""
        if not self._done:
            return False
        step = self._done.pop()
        for (contact_id, field, _), was, _ in reversed(step):
            self._set((contact_id, field, was))
        self._undone.append(step)
        return True

    def redo(self) -> bool:
        """Do again what was taken back last; False when there is nothing."""
        if not self._undone:
            return False
        step = self._undone.pop()
        for put, *_ in step:
            self._set(put)
        self._done.append(step)
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
