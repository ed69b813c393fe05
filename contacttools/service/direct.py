"""Direct: the service's own calls that write at once, without a plan and without a preview.

Each passes one guard, checks its arguments before anything is sent, and is sent once: when its
answer is lost, the error says what may have been done.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import TypeVar

from contacttools.contact import wire
from contacttools.contact.fields import Json
from contacttools.contact.wire import ContactAnswer, FieldAnswer, LabelAnswer
from contacttools.errors import ApiError, ReadOnlySite
from contacttools.planning.render import visible
from contacttools.service import arguments, calls
from contacttools.service.calls import DataType, Request
from contacttools.service.reading import Reading
from contacttools.service.transport import Transport, believed

T = TypeVar("T")


class Direct(Reading):
    """What a site can be told directly. See `Site`."""

    def __init__(
        self,
        transport: Transport,
        site_id: str,
        *,
        live: bool,
        read_only: bool,
        direct_writes: bool,
    ) -> None:
        super().__init__(transport, site_id, live=live)
        self.read_only = read_only
        self._direct_writes = direct_writes

    def _may_write(self, what: str, *, planned: bool = False) -> None:
        """Raise ReadOnlySite unless this site takes writes that nobody has seen in a preview."""
        if self.read_only:
            also = ", direct_writes=True" if self.live and not self._direct_writes else ""
            why = (
                f"{self._where()} is open for reading only; for {what}, connect with "
                f"read_only=False{also}"
            )
            raise ReadOnlySite(why)
        if self.live and not self._direct_writes:
            instead = "stage and commit a plan instead, or " if planned else ""
            why = f"{what} has no preview; {instead}connect with direct_writes=True"
            raise ReadOnlySite(why)

    def _written(self, request: Request, read: Callable[[bytes], T]) -> T:
        return believed(read, self._transport.write(request), request.doubt)

    # -- contacts ---------------------------------------------------------------------------

    def create_contact(self, info: Json, *, allow_duplicates: bool = False) -> ContactAnswer:
        """Create a contact.

        Parameters
        ----------
        info : dict
            The contact in the service's shape; it needs a name, an e-mail or a phone.
        allow_duplicates : bool
            Let its e-mail or phone belong to another contact as well.

        Returns
        -------
        dict
            ``{"contact": …}``, as the service answers.

        Raises
        ------
        ApiError
            With the service's code: ``DUPLICATE_CONTACT_EXISTS`` (the other contact's id is in
            `data`), ``INSUFFICIENT_CONTACT_DATA`` and others.
        ReadOnlySite
            A live site takes direct writes only with ``read_only=False, direct_writes=True``.
        Unreachable
            No answer: the contact may have been created. Look for it before you repeat the
            call, which can create a duplicate.

        Examples
        --------
        >>> site = ct.connect()
        >>> answer = site.create_contact({"name": {"first": "Ada", "last": "Example"}})
        >>> answer["contact"]["info"]["name"]["first"]
        'Ada'
        """
        self._may_write("creating a contact")
        request = calls.create_contact(
            arguments.info(info),
            allow_duplicates=arguments.flag(allow_duplicates, "allow_duplicates"),
        )
        return {"contact": self._written(request, wire.one_contact)}

    def update_contact(
        self, contact_id: str, info: Json, revision: int, *, allow_duplicates: bool = False
    ) -> ContactAnswer:
        """Update one contact directly: the service's own call, without a plan or a preview.

        Parameters
        ----------
        contact_id : str
            The contact's id, not a member's.
        info : dict
            What to change, in the service's shape. Lists replace the whole list.
        revision : int
            The contact's current revision; a success adds 1.
        allow_duplicates : bool
            Let an e-mail or phone belong to another contact as well.

        Returns
        -------
        dict
            ``{"contact": …}``, as the service answers.

        Raises
        ------
        ApiError
            With the service's code; `StaleRevision`, which is also a ConflictError, when the
            revision is not the contact's.
        ReadOnlySite
            A live site takes direct updates only with ``read_only=False, direct_writes=True``.
        Unreachable
            No answer: the update may have been made, read the contact before trying again.

        Examples
        --------
        >>> site = ct.connect()
        >>> contact = site.get_contact(next(iter(site.fetch(limit=1))))
        >>> answer = site.update_contact(contact["id"], {"jobTitle": "Editor"}, contact["revision"])
        >>> answer["contact"]["revision"] == contact["revision"] + 1
        True
        """
        self._may_write("a direct update", planned=True)
        request = calls.update_contact(
            arguments.segment(contact_id, "contact_id"),
            arguments.info(info),
            arguments.whole(revision, "revision"),
            allow_duplicates=arguments.flag(allow_duplicates, "allow_duplicates"),
        )
        return {"contact": self._written(request, wire.one_contact)}

    def delete_contact(self, contact_id: str) -> None:
        """Delete a contact for good.

        Its data, labels and extended fields are lost: there is no undo, no plan brings it back,
        and a contact made anew has another id. A copy in hand (`get_contact`) is all that stays.

        Parameters
        ----------
        contact_id : str
            The contact's id, not a member's.

        Raises
        ------
        ApiError
            With the service's code: ``CONTACT_NOT_FOUND``, ``CANNOT_DELETE_MEMBER`` and others.
        ReadOnlySite
            A live site takes direct writes only with ``read_only=False, direct_writes=True``.
        Unreachable
            No answer: the contact may have been deleted, ask for it before trying again.

        Examples
        --------
        >>> site = ct.connect()
        >>> made = site.create_contact({"name": {"first": "Short", "last": "Lived"}})
        >>> site.delete_contact(made["contact"]["id"])
        """
        self._may_write("deleting a contact")
        request = calls.delete_contact(arguments.segment(contact_id, "contact_id"))
        self._written(request, wire.acknowledged)

    def label_contact(self, contact_id: str, label_keys: Iterable[str]) -> ContactAnswer:
        """Add labels to a contact; those it has already stay.

        Parameters
        ----------
        contact_id : str
            The contact's id, not a member's.
        label_keys : list of str
            1 to 100 keys, as in ``site.labels()["key"]``; the labels must exist.

        Returns
        -------
        dict
            ``{"contact": …}``, as the service answers; the call moves the revision on.

        Raises
        ------
        ApiError
            With the service's code; a key that no label has is named, with the nearest one.
        BadValue
            The keys are no list, or too many.
        ReadOnlySite
            A live site takes direct writes only with ``read_only=False, direct_writes=True``.
        Unreachable
            No answer: the labels may have been added, read the contact before trying again.

        Examples
        --------
        >>> site = ct.connect()
        >>> contact_id = next(iter(site.fetch(limit=1)))
        >>> answer = site.label_contact(contact_id, ["contacts.customers"])
        >>> "contacts.customers" in answer["contact"]["info"]["labelKeys"]["items"]
        True
        """
        self._may_write("labelling directly", planned=True)
        return self._labelled(calls.label_contact, contact_id, label_keys)

    def unlabel_contact(self, contact_id: str, label_keys: Iterable[str]) -> ContactAnswer:
        """Take labels off a contact; those it does not have are no error. The labels stay.

        Parameters, Returns and Raises are those of `label_contact`.

        Examples
        --------
        >>> site = ct.connect()
        >>> contact_id = next(iter(site.fetch(limit=1)))
        >>> answer = site.unlabel_contact(contact_id, ["contacts.customers"])
        >>> "contacts.customers" in repr(answer["contact"]["info"].get("labelKeys"))
        False
        """
        self._may_write("unlabelling directly", planned=True)
        return self._labelled(calls.unlabel_contact, contact_id, label_keys)

    def _labelled(
        self,
        call: Callable[[str, tuple[str, ...]], Request],
        contact_id: str,
        label_keys: Iterable[str],
    ) -> ContactAnswer:
        keys = arguments.texts(label_keys, "label_keys", most=arguments.LABELS_AT_ONCE)
        request = call(arguments.segment(contact_id, "contact_id"), keys)
        try:
            return {"contact": self._written(request, wire.one_contact)}
        except ApiError as error:
            hint = self._nearest(keys) if error.status == 400 else ""
            if not hint:
                raise
            raise ApiError(
                f"{error}; {hint}",
                status=error.status,
                code=error.code,
                data=error.data,
                request_id=error.request_id,
            ) from None

    def _nearest(self, keys: Iterable[str]) -> str:
        """Say which of the keys no label has, and which label may be meant."""
        try:
            known = {each["key"]: each for each in self._listed(calls.LABELS, "labels")}
        except ApiError:  # the refusal itself is what matters
            return ""
        names = {str(each.get("displayName")).casefold(): key for key, each in known.items()}
        hints = []
        for key in keys:
            if key not in known:
                near = difflib.get_close_matches(key.casefold(), [*known, *names], n=1)
                meant = names.get(near[0], near[0]) if near else ""
                hint = f"did you mean {meant!r}?" if near else "see site.labels()"
                hints.append(f"there is no label {visible(key)!r}, {hint}")
        return "; ".join(hints)

    # -- merging ----------------------------------------------------------------------------

    def preview_merge(self, target_id: str, source_ids: Iterable[str]) -> Json:
        """Return a contact as a merge would make it; nothing is stored.

        Parameters
        ----------
        target_id : str
            The contact that would stay.
        source_ids : list of str
            1 to 5 contacts that would become part of it.

        Returns
        -------
        dict
            The contact, in the service's shape.

        Raises
        ------
        ApiError
            With the service's code, as for `merge`.

        Examples
        --------
        >>> site = ct.connect()
        >>> target, source = site.fetch(limit=2)
        >>> site.preview_merge(target, [source])["id"] == target
        True
        """
        target = arguments.segment(target_id, "target_id")
        request = calls.preview_merge(target, arguments.sources(target, source_ids))
        return believed(wire.merged_contact, self._transport.read(request))

    def merge(self, target_id: str, source_ids: Iterable[str], revision: int) -> ContactAnswer:
        """Merge contacts into another for good.

        The target keeps what it has and gains the sources' e-mails, phones, addresses and
        labels; empty fields of it are filled, the first source first. The sources are deleted:
        where target and source both have a value, the source's is lost, and no call and no plan
        takes the contacts apart again. Look at `preview_merge` before.

        Parameters
        ----------
        target_id : str
            The contact that stays.
        source_ids : list of str
            1 to 5 contacts that become part of it; none may be a site member.
        revision : int
            The target's current revision; a success adds 1.

        Returns
        -------
        dict
            ``{"contact": …}``: the target as it is now.

        Raises
        ------
        ApiError
            With the service's code: ``FAILED_PRECONDITION`` when the revision is not the
            target's or a source is a member, ``CONTACT_NOT_FOUND``, ``ILLEGAL_MERGE``.
        BadValue
            The sources are no list, too many, or the target is among them.
        ReadOnlySite
            A live site takes direct writes only with ``read_only=False, direct_writes=True``.
        Unreachable
            No answer: they may have been merged, read the target before trying again.

        Examples
        --------
        >>> site = ct.connect()
        >>> one = site.create_contact({"name": {"first": "Ada"}, "company": "Example Ltd"})
        >>> two = site.create_contact({"name": {"last": "Lovelorn"}})
        >>> target = one["contact"]
        >>> merged = site.merge(target["id"], [two["contact"]["id"]], target["revision"])
        >>> merged["contact"]["info"]["name"]["last"]
        'Lovelorn'
        """
        self._may_write("merging contacts")
        target = arguments.segment(target_id, "target_id")
        sources = arguments.sources(target, source_ids)
        request = calls.merge(target, sources, arguments.whole(revision, "revision"))
        return {"contact": self._written(request, wire.merged_contact)}

    # -- labels and extended fields ---------------------------------------------------------

    def find_or_create_label(self, display_name: str) -> LabelAnswer:
        """Return the label of exactly this name; it is created where there is none.

        Parameters
        ----------
        display_name : str
            1 to 180 characters.

        Returns
        -------
        dict
            ``{"label": …, "newLabel": bool}``: the label, whose ``key`` is what contacts hold,
            and whether it was created just now.

        Raises
        ------
        ApiError
            With the service's code, such as ``LABELS_QUOTA_REACHED``.
        ReadOnlySite
            A live site takes direct writes only with ``read_only=False, direct_writes=True``.
        Unreachable
            No answer: it may have been created. Repeating the call is safe, it finds it then.

        Examples
        --------
        >>> site = ct.connect()
        >>> answer = site.find_or_create_label("Newsletter 2031")
        >>> site.find_or_create_label("Newsletter 2031")["newLabel"]
        False
        >>> site.delete_label(answer["label"]["key"])
        """
        self._may_write("creating a label")
        name = arguments.display_name(display_name, arguments.LABEL_NAME)
        request = calls.find_or_create_label(name)
        label, new = self._written(request, lambda body: wire.definition(body, "label"))
        return {"label": label, "newLabel": new}

    def rename_label(self, key: str, display_name: str) -> Json:
        """Give a label another name; its key stays, and so does who has it.

        Parameters
        ----------
        key : str
            As in ``site.labels()["key"]``.
        display_name : str
            1 to 180 characters.

        Returns
        -------
        dict
            The label as it is now.

        Raises
        ------
        ApiError
            With the service's code; ``NOT_FOUND`` for a key that no label has.
        ReadOnlySite
            A live site takes direct writes only with ``read_only=False, direct_writes=True``.
        Unreachable
            No answer: it may have been renamed, look at the definitions.

        Examples
        --------
        >>> site = ct.connect()
        >>> key = site.find_or_create_label("Wholesale 2031")["label"]["key"]
        >>> site.rename_label(key, "Trade 2031")["displayName"]
        'Trade 2031'
        """
        self._may_write("renaming a label")
        return self._renamed(calls.LABELS, "label", key, display_name, arguments.LABEL_NAME)

    def delete_label(self, key: str) -> None:
        """Delete a label for good, on the site and on every contact that has it.

        Who had it is lost: a label of the same name made anew is on nobody. `fetch` a snapshot
        before, it says who has it.

        Parameters
        ----------
        key : str
            As in ``site.labels()["key"]``.

        Raises
        ------
        ApiError
            With the service's code; ``NOT_FOUND`` for a key that no label has.
        ReadOnlySite
            A live site takes direct writes only with ``read_only=False, direct_writes=True``.
        Unreachable
            No answer: it may have been deleted, look at the definitions.

        Examples
        --------
        >>> site = ct.connect()
        >>> site.delete_label(site.find_or_create_label("Nobody 2031")["label"]["key"])
        """
        self._may_write("deleting a label")
        self._removed(calls.LABELS, key)

    def find_or_create_extended_field(self, display_name: str, data_type: DataType) -> FieldAnswer:
        """Return the extended field of exactly this name; it is created where there is none.

        Parameters
        ----------
        display_name : str
            1 to 150 characters.
        data_type : {"TEXT", "NUMBER", "DATE", "URL"}
            Of a new field. One that is there keeps the type it has: look at the answer.

        Returns
        -------
        dict
            ``{"field": …, "newField": bool}``: the field, whose ``key`` is the column of a
            frame, and whether it was created just now.

        Raises
        ------
        ApiError
            With the service's code, such as ``FIELDS_QUOTA_EXCEEDED``.
        ReadOnlySite
            A live site takes direct writes only with ``read_only=False, direct_writes=True``.
        Unreachable
            No answer: it may have been created. Repeating the call is safe, it finds it then.

        Examples
        --------
        >>> site = ct.connect()
        >>> answer = site.find_or_create_extended_field("Shoe size 2031", "NUMBER")
        >>> answer["field"]["dataType"]
        'NUMBER'
        >>> site.delete_extended_field(answer["field"]["key"])
        """
        self._may_write("creating an extended field")
        name = arguments.display_name(display_name, arguments.FIELD_NAME)
        request = calls.find_or_create_extended_field(name, arguments.data_type(data_type))
        field, new = self._written(request, lambda body: wire.definition(body, "field"))
        return {"field": field, "newField": new}

    def rename_extended_field(self, key: str, display_name: str) -> Json:
        """Give an extended field another name; its key stays, and so do its values.

        Parameters
        ----------
        key : str
            As in ``site.extended_fields()["key"]``.
        display_name : str
            1 to 150 characters.

        Returns
        -------
        dict
            The field as it is now.

        Raises
        ------
        ApiError
            With the service's code; ``NOT_FOUND`` for a key that no field has.
        ReadOnlySite
            A live site takes direct writes only with ``read_only=False, direct_writes=True``.
        Unreachable
            No answer: it may have been renamed, look at the definitions.

        Examples
        --------
        >>> site = ct.connect()
        >>> field = site.find_or_create_extended_field("Hat size 2031", "TEXT")["field"]
        >>> site.rename_extended_field(field["key"], "Cap size 2031")["key"] == field["key"]
        True
        """
        self._may_write("renaming an extended field")
        most = arguments.FIELD_NAME
        return self._renamed(calls.EXTENDED_FIELDS, "field", key, display_name, most)

    def delete_extended_field(self, key: str) -> None:
        """Delete an extended field for good, and its value on every contact.

        The values are lost: no plan brings them back, and a field of the same name made anew is
        empty. `fetch` a snapshot before, it holds them.

        Parameters
        ----------
        key : str
            As in ``site.extended_fields()["key"]``.

        Raises
        ------
        ApiError
            With the service's code; ``NOT_FOUND`` for a key that no field has.
        ReadOnlySite
            A live site takes direct writes only with ``read_only=False, direct_writes=True``.
        Unreachable
            No answer: it may have been deleted, look at the definitions.

        Examples
        --------
        >>> site = ct.connect()
        >>> field = site.find_or_create_extended_field("Glove size 2031", "TEXT")["field"]
        >>> site.delete_extended_field(field["key"])
        """
        self._may_write("deleting an extended field")
        self._removed(calls.EXTENDED_FIELDS, key)

    def _renamed(self, path: str, member: str, key: str, display_name: str, most: int) -> Json:
        name = arguments.display_name(display_name, most)
        request = calls.rename_definition(path, arguments.segment(key, "key"), name)
        definition, _ = self._written(request, lambda body: wire.definition(body, member))
        return definition

    def _removed(self, path: str, key: str) -> None:
        request = calls.delete_definition(path, arguments.segment(key, "key"))
        self._written(request, wire.acknowledged)
