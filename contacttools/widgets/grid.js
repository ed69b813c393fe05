// Grid: the table in the browser. It draws what it is sent, and sends what is typed.
//
// `Store` keeps the rows of one widget as they come; `View` is one table on a page. Rows are named
// by number among each other, and by contact and item id wherever something is to be done to them.

const ROW = 28;
const FILTERS = 32;
const NUMBERS = 78; // width of the row numbers
const AROUND = 8; // rows drawn above and below what is in sight
const CHUNK = 4000;
const TALLEST = 470;
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const make = (tag, cls = "", props = {}) => Object.assign(document.createElement(tag), { className: cls }, props);
const attrs = (el, given) => { for (const [k, v] of Object.entries(given)) el.setAttribute(k, v); return el; };
const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
const hex = (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
const clamp = (n, low, high) => Math.max(low, Math.min(high, n));

class Store {
  constructor(model) {
    this.model = model;
    this.views = new Set();
    this.sent = 0;
    this.begin();
    model.on("msg:custom", (content) => this.heard(content));
    model.on("change:edition", () => { this.begin(); this.draw(true); this.tellSelections(); });
    model.on("change:drafts", () => { this.readDrafts(); this.draw(); });
    model.on("change:shown change:size", () => { this.readOrder(); this.draw(); this.tellSelections(); });
    for (const name of ["hidden", "pinned", "widths", "heads", "sort", "filters", "search", "only_staged"])
      model.on(`change:${name}`, () => this.draw(true));
    model.on("change:staged", () => this.draw());
  }

  begin() {
    this.edition = this.model.get("edition");
    this.ids = []; this.items = [];
    this.cells = new Map(); this.staged = new Map(); this.flags = new Map();
    this.waiting = new Map(); // cells typed into whose answer has not come: text, by number of the message
    this.loaded = new Map(); // columns that came, by chunk
    this.asked = false;
    for (const row of this.model.get("first")) this.take(row);
    this.readOrder(); this.readDrafts();
  }

  readOrder() {
    const bytes = this.model.get("shown");
    this.size = this.model.get("size");
    this.order = bytes ? new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)) : null;
  }

  readDrafts() {
    const drafts = this.model.get("drafts");
    this.drafts = new Map(drafts.filter((d) => d.row !== null).map((d) => [`${d.row}:${d.column}`, d]));
    this.unplaced = drafts.filter((d) => d.row === null);
  }

  get count() { return this.order ? this.order.length : this.size; }
  number(index) { return this.order ? this.order[index] : index; }
  // Other rows stand where some are selected: those are the ones that one sees marked.
  tellSelections() { for (const view of this.views) if (view.at.r >= 0) view.tellSelection(); }

  value(row, name) { return this.cells.get(name)?.[row]; }

  put(name, row, value) {
    if (!this.cells.has(name)) this.cells.set(name, []);
    this.cells.get(name)[row] = value;
  }

  take({ row, id, item, cells, staged, flag }) {
    this.ids[row] = id; this.items[row] = item;
    for (const name in cells) this.put(name, row, cells[name]);
    this.mark(row, staged, flag);
  }

  mark(row, staged, flag) {
    if (Object.keys(staged).length) this.staged.set(row, staged); else this.staged.delete(row);
    if (flag) this.flags.set(row, flag); else this.flags.delete(row);
  }

  heard(content) {
    if (content.type === "say") {
      for (const view of this.views) view.say(content.text);
    } else if (content.type === "done") {
      for (const [cell, one] of this.waiting) if (one.number === content.number) this.waiting.delete(cell);
    } else if (content.edition !== this.edition) {
      return;
    } else if (content.type === "rows") {
      for (const row of content.rows) this.take(row);
    } else if (content.type === "chunk") {
      this.takeChunk(content);
    }
    this.draw();
  }

  takeChunk({ start, ids, items, columns, marked }) {
    ids.forEach((id, n) => { this.ids[start + n] = id; this.items[start + n] = items ? items[n] : null; });
    for (const [name, values] of Object.entries(columns)) values.forEach((value, n) => this.put(name, start + n, value));
    const seen = new Map(marked.map(([row, staged, flag]) => [row, { staged, flag }]));
    ids.forEach((_, n) => {
      const { staged = {}, flag = "" } = seen.get(start + n) ?? {};
      this.mark(start + n, { ...this.staged.get(start + n), ...staged }, flag);
    });
    const known = this.loaded.get(start) ?? new Set();
    for (const name of Object.keys(columns)) known.add(name);
    this.loaded.set(start, known);
    this.asked = false;
  }

  // Ask for what is missing, one chunk after another; what is in sight comes first.
  ask(names, inSight) {
    if (this.asked) return;
    const chunks = new Set(inSight.map((row) => row - (row % CHUNK)));
    for (let start = 0; start < this.size; start += CHUNK) chunks.add(start);
    for (const start of chunks) {
      const missing = names.filter((name) => !this.loaded.get(start)?.has(name));
      if (missing.length && start < this.size) {
        this.asked = true;
        this.model.send({ type: "want", edition: this.edition, start, columns: missing });
        return;
      }
    }
  }

  send(content) {
    this.sent += 1;
    this.model.send({ ...content, edition: this.edition, number: this.sent });
    return this.sent;
  }

  draw(whole = false) { for (const view of this.views) view.later(whole); }
}

class View {
  constructor(model, store, el) {
    this.model = model; this.store = store;
    this.rows = new Map();
    this.at = { r: 0, c: 1 }; this.from = { r: 0, c: 1 };
    this.editing = null; this.menu = null; this.filtering = Object.values(model.get("filters")).some(Boolean);
    this.root = make("div", "ctg");
    el.append(this.root);
    this.build();
    // Notebook 7 takes keys before they get here, unless the element in focus says that it may not.
    this.root.addEventListener("focusin", (e) => e.target.setAttribute("data-lm-suppress-shortcuts", "true"));
    for (const kind of ["keydown", "keypress", "keyup", "copy", "paste", "cut"])
      this.root.addEventListener(kind, (e) => e.stopPropagation());
    this.outside = (e) => { if (this.menu && !this.menu.contains(e.target)) this.closeMenu(); };
    document.addEventListener("mousedown", this.outside, true);
    this.watch = new ResizeObserver(() => this.later());
    this.watch.observe(this.view);
    this.sight = new IntersectionObserver(() => this.later());
    this.sight.observe(this.view);
    store.views.add(this);
    this.layOut();
    this.draw();
  }

  close() {
    this.store.views.delete(this);
    this.watch.disconnect();
    this.sight.disconnect();
    document.removeEventListener("mousedown", this.outside, true);
  }

  set(values) { for (const name in values) this.model.set(name, values[name]); this.model.save_changes(); }

  // -- parts -------------------------------------------------------------------------------

  build() {
    const bar = make("div", "ctg-bar");
    this.search = make("input", "", { type: "search", placeholder: "Search", value: this.model.get("search") });
    attrs(this.search, { "aria-label": "Search all columns" });
    this.search.addEventListener("input", () => { clearTimeout(this.searching); this.searching = setTimeout(() => this.seek(), 180); });
    this.search.addEventListener("change", () => this.seek());
    const only = make("input", "", { type: "checkbox", checked: this.model.get("only_staged") });
    only.addEventListener("change", () => this.set({ only_staged: only.checked }));
    this.only = only;
    const label = make("label"); label.append(only, "Only staged");
    this.filterButton = this.button("Filters", () => { this.filtering = !this.filtering; this.later(true); }, "A filter for each column");
    this.columnsButton = this.button("Columns", () => this.columnsMenu(), "Show and hide columns");
    attrs(this.columnsButton, { "aria-haspopup": "menu", "aria-expanded": "false" });
    this.undo = this.button("Undo", () => this.store.send({ type: "undo" }), "Take back the last step, wherever it was made (Ctrl+Z)");
    this.redo = this.button("Redo", () => this.store.send({ type: "redo" }), "Do again what was taken back (Ctrl+Y)");
    this.told = attrs(make("span", "ctg-told"), { role: "status" });
    this.wrong = this.button("", () => this.nextWrong(), "Go to the next cell that could not be staged");
    this.wrong.classList.add("ctg-wrong");
    const tools = this.model.get("tools");
    bar.append(this.search);
    if (tools.includes("staged")) bar.append(label);
    bar.append(this.filterButton, this.columnsButton);
    if (tools.includes("undo")) bar.append(this.undo, this.redo);
    if (this.model.get("table")) {
      if (this.model.get("adds")) bar.append(this.button("Add…", () => this.addLine(), "Add an item to the contact of this row"));
      bar.append(this.button("Remove", () => this.remove(), "Remove the items of the selected rows (Ctrl+Delete)"));
    }
    bar.append(this.told, this.wrong);
    this.adding = make("div", "ctg-bar", { hidden: true });
    this.view = make("div", "ctg-view");
    this.table = attrs(make("div", "ctg-table"), { role: "grid", "aria-multiselectable": "true", "aria-label": `${this.model.get("called")}${this.model.get("table") ? `: ${this.model.get("table")}` : ""}` });
    this.head = attrs(make("div", "ctg-head"), { role: "rowgroup" });
    this.body = attrs(make("div"), { role: "rowgroup" });
    this.table.append(this.head, this.body);
    this.view.append(this.table);
    this.foot = make("div", "ctg-foot");
    this.howMany = attrs(make("span"), { role: "status" });
    this.why = attrs(make("span", "ctg-why"), { role: "status" });
    this.foot.append(this.howMany, this.why);
    this.root.append(bar, this.adding, this.view, this.foot);
    this.view.addEventListener("scroll", () => this.later());
    this.table.addEventListener("mousedown", (e) => this.pressed(e));
    this.table.addEventListener("mouseover", (e) => this.dragged(e));
    this.table.addEventListener("dblclick", (e) => { const at = this.place(e.target); if (at && at.r >= 0) this.edit(); });
    this.table.addEventListener("keydown", (e) => this.key(e));
    this.table.addEventListener("focusin", (e) => { const at = this.place(e.target); if (at && !this.editing) this.at = at; });
    this.table.addEventListener("copy", (e) => this.copy(e));
    this.table.addEventListener("cut", (e) => { this.copy(e); this.clear(); });
    this.table.addEventListener("paste", (e) => this.paste(e));
  }

  button(text, call, title) {
    const button = make("button", "", { type: "button", textContent: text, title });
    button.addEventListener("click", call);
    return button;
  }

  seek() {
    clearTimeout(this.searching);
    this.searching = undefined;
    this.set({ search: this.search.value });
  }

  // -- columns -----------------------------------------------------------------------------

  layOut() {
    const heads = this.model.get("heads"), widths = this.model.get("widths");
    const hidden = new Set(this.model.get("hidden")), pinned = new Set(this.model.get("pinned"));
    const seen = heads.filter((head) => !hidden.has(head.name));
    const sorted = [...seen.filter((h) => pinned.has(h.name)), ...seen.filter((h) => !pinned.has(h.name))];
    let x = NUMBERS;
    this.columns = [{ head: null, name: "", x: 0, width: NUMBERS, pinned: true }];
    for (const head of sorted) {
      const width = widths[head.name] ?? head.width;
      this.columns.push({ head, name: head.name, x, width, pinned: pinned.has(head.name) });
      x += width;
    }
    this.width = x;
    this.at.c = clamp(this.at.c, 0, this.columns.length - 1);
    this.drawHead();
  }

  inSight() {
    const left = this.view.scrollLeft, right = left + this.view.clientWidth;
    return this.columns.map((column, c) => ({ ...column, c })).filter((col) => col.pinned || (col.x + col.width > left && col.x < right));
  }

  placed(el, column, z = 0) {
    el.style.width = `${column.width}px`;
    el.style.left = `${column.x}px`;
    if (column.pinned) { el.classList.add("ctg-pin"); el.style.zIndex = 1 + z; }
    return el;
  }

  drawHead() {
    const had = this.head.contains(document.activeElement) ? document.activeElement.dataset : null;
    const sort = new Map(this.model.get("sort"));
    const line = attrs(make("div", "ctg-heads"), { role: "row", "aria-rowindex": 1 });
    line.style.width = `${this.width}px`;
    this.columns.forEach((column, c) => {
      const cell = attrs(make("div", "ctg-cell"), { role: "columnheader", "aria-colindex": c + 1, tabindex: -1, "data-r": -1, "data-c": c });
      this.placed(cell, column, 2);
      if (column.head) {
        const way = sort.get(column.name);
        cell.append(`${column.head.label}${way ? (way === "asc" ? " ▲" : " ▼") : ""}`);
        cell.title = column.head.fixed ? `${column.name}: ${column.head.fixed}` : column.name;
        if (column.head.fixed) cell.classList.add("ctg-fixed");
        attrs(cell, { "aria-sort": way ? (way === "asc" ? "ascending" : "descending") : "none", "aria-haspopup": "menu" });
        cell.append(attrs(make("span", "ctg-more", { textContent: "⋮" }), { "aria-hidden": "true" }), make("span", "ctg-grip"));
      } else {
        cell.classList.add("ctg-no");
        cell.append(make("span", "ctg-sr", { textContent: "Row" }), "#");
      }
      line.append(cell);
    });
    this.head.replaceChildren(line);
    if (this.filtering) this.head.append(this.filterLine());
    this.headHeight = ROW + (this.filtering ? FILTERS : 0);
    attrs(this.filterButton, { "aria-pressed": String(this.filtering) });
    if (had) (had.filter ? this.head.querySelector(`input[data-filter="${CSS.escape(had.filter)}"]`) : this.cellAt(-1, Number(had.c)))?.focus({ preventScroll: true });
  }

  filterLine() {
    const filters = this.model.get("filters");
    const line = attrs(make("div", "ctg-filters"), { role: "row" });
    line.style.width = `${this.width}px`;
    this.columns.forEach((column, c) => {
      const cell = this.placed(attrs(make("div", "ctg-cell"), { role: "gridcell", "aria-colindex": c + 1 }), column, 2);
      if (column.head) {
        const input = make("input", "", { type: "text", value: filters[column.name] ?? "", placeholder: "contains", title: "text it contains; =text all of it; !text not in it; = empty; != not empty" });
        attrs(input, { "aria-label": `Filter ${column.head.label}`, "data-filter": column.name });
        input.addEventListener("change", () => this.set({ filters: { ...this.model.get("filters"), [column.name]: input.value } }));
        input.addEventListener("keydown", (e) => {
          if (e.key === "Enter") input.dispatchEvent(new Event("change"));
          if (e.key === "Escape" || e.key === "ArrowDown") { e.preventDefault(); this.go(0, c); }
        });
        cell.append(input);
      } else {
        cell.classList.add("ctg-no");
      }
      line.append(cell);
    });
    return line;
  }

  // -- drawing -----------------------------------------------------------------------------

  later(whole = false) {
    this.whole ||= whole;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (this.whole && !this.editing) { this.whole = false; this.layOut(); }
      this.draw();
    });
  }

  draw() {
    if (!this.view.clientWidth) return; // not on the page, or hidden: it is drawn when it is seen
    const { store } = this, count = store.count, columns = this.inSight();
    const height = this.headHeight + Math.max(count, 1) * ROW;
    this.view.style.height = `${Math.max(170, Math.min(TALLEST, height + 14))}px`;
    this.table.style.width = `${this.width}px`;
    this.table.style.height = `${height}px`;
    attrs(this.table, { "aria-rowcount": count + 1, "aria-colcount": this.columns.length });
    const first = clamp(Math.floor(this.view.scrollTop / ROW) - AROUND, 0, count);
    const last = clamp(Math.ceil((this.view.scrollTop + this.view.clientHeight) / ROW) + AROUND, 0, count);
    const held = this.body.contains(document.activeElement) && !this.editing;
    if (this.at.r >= count) this.at.r = Math.max(0, count - 1);
    const wanted = new Map();
    for (let index = first; index < last; index += 1) wanted.set(index, this.signature(index, columns));
    for (const [index, row] of this.rows) {
      if (this.editing?.r === index) { wanted.delete(index); continue; }
      if (wanted.get(index) === row.signature) wanted.delete(index);
      else { row.el.remove(); this.rows.delete(index); }
    }
    for (const [index, signature] of wanted) {
      const el = this.row(index, columns);
      this.rows.set(index, { el, signature });
      this.body.append(el);
    }
    if (held && !this.body.contains(document.activeElement)) this.cellAt(this.at.r, this.at.c)?.focus({ preventScroll: true });
    this.tell(count);
    const names = this.columns.slice(1).map((column) => column.name);
    store.ask(names, Array.from({ length: last - first }, (_, n) => store.number(first + n)));
  }

  signature(index, columns) {
    const row = this.store.number(index), { store } = this;
    const cells = columns.map(({ name, c }) => [c, this.shown(row, name), store.waiting.get(`${row}:${name}`)?.text, store.drafts.get(`${row}:${name}`)?.why, this.isSelected(index, c), name in (store.staged.get(row) ?? {}) && [store.staged.get(row)[name]]]);
    return JSON.stringify([row, store.flags.get(row), this.at.r === index ? this.at.c : -1, this.headHeight, this.width, cells]);
  }

  row(index, columns) {
    const row = this.store.number(index), flag = this.store.flags.get(row);
    const el = attrs(make("div", `ctg-row${flag ? ` ctg-${flag}` : ""}`), { role: "row", "aria-rowindex": index + 2 });
    el.style.top = `${this.headHeight + index * ROW}px`;
    el.style.width = `${this.width}px`;
    for (const column of columns) el.append(this.cell(index, row, column, flag));
    return el;
  }

  cell(index, row, column, flag) {
    const { store } = this, { head, name, c } = column;
    const cell = attrs(make("div", "ctg-cell"), { "data-r": index, "data-c": c, "aria-colindex": c + 1, tabindex: this.at.r === index && this.at.c === c ? 0 : -1 });
    this.placed(cell, column);
    if (this.isSelected(index, c)) { cell.classList.add("ctg-sel"); attrs(cell, { "aria-selected": "true" }); }
    if (!head) {
      attrs(cell, { role: "rowheader" });
      cell.classList.add("ctg-no");
      cell.textContent = flag || (index + 1).toLocaleString("en");
      return cell;
    }
    attrs(cell, { role: "gridcell" });
    const draft = store.drafts.get(`${row}:${name}`), waits = store.waiting.get(`${row}:${name}`);
    const staged = store.staged.get(row), old = staged && name in staged ? this.show(head, staged[name]) : undefined;
    const fixed = head.fixed || flag === "removed";
    cell.textContent = waits ? waits.text : draft ? draft.text : this.shown(row, name);
    if (head.kind === "number" || head.kind === "integer") cell.classList.add("ctg-num");
    if (head.kind === "flag" && !fixed) this.tickable(cell, row, name);
    if (fixed) { cell.classList.add("ctg-fixed"); attrs(cell, { "aria-readonly": "true" }); }
    if (waits) cell.classList.add("ctg-wait");
    if (draft) {
      cell.classList.add("ctg-bad");
      cell.title = `Not staged: ${draft.why}`;
      attrs(cell, { "aria-invalid": "true" });
      cell.append(make("span", "ctg-sr", { textContent: `, not staged: ${draft.why}` }));
    } else if (old !== undefined) {
      cell.classList.add("ctg-staged");
      cell.title = `was: ${old || "(empty)"}`;
      cell.append(make("span", "ctg-sr", { textContent: `, staged, was ${old || "empty"}` }));
    }
    return cell;
  }

  // A yes or no is a box to tick, with the word beside it.
  tickable(cell, row, name) {
    const value = this.store.value(row, name);
    if (typeof value !== "boolean") return;
    const box = attrs(make("span", "ctg-tick", { textContent: value ? "☑" : "☐" }), { "aria-hidden": "true" });
    box.addEventListener("click", () => this.edit());
    cell.prepend(box);
  }

  shown(row, name) {
    if (!name) return "";
    const value = this.store.value(row, name);
    return value === undefined ? "…" : this.show(this.columns.find((column) => column.name === name).head, value);
  }

  show(head, value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "boolean") return value ? "yes" : "no";
    const names = this.model.get("names");
    const text = Array.isArray(value) ? value.map((key) => names[key] ?? key).join(", ") : String(value);
    if (head.kind === "timestamp") return text.slice(0, 16).replace("T", " ");
    return text.replace(UNSEEN, hex);
  }

  tell(count) {
    const { store } = this, all = store.size, wrong = store.drafts.size + store.unplaced.length;
    const what = this.model.get("table") ? "row" : "contact";
    this.howMany.textContent = count === all ? plural(all, what) : `${count.toLocaleString("en")} of ${plural(all, what)}`;
    this.told.textContent = this.model.get("staged");
    this.wrong.hidden = !wrong;
    this.wrong.textContent = `${plural(wrong, "cell")} not staged`;
    if (this.searching === undefined && this.search !== document.activeElement) this.search.value = this.model.get("search");
    this.only.checked = this.model.get("only_staged");
    this.empty?.remove();
    if (!count) {
      this.empty = make("div", "ctg-empty", { textContent: all ? "No row matches. Clear the search or the filters." : "There is nothing to show." });
      this.body.append(this.empty);
    }
    if (this.said) return;
    const row = this.at.r >= 0 && this.at.r < count ? store.number(this.at.r) : -1, column = this.columns[this.at.c];
    const draft = column && (store.drafts.get(`${row}:${column.name}`) ?? (this.adding.hidden ? undefined : store.unplaced[0]));
    this.why.textContent = draft ? `Not staged: ${draft.why}. Esc leaves it as it was.` : "";
  }

  say(text) {
    this.said = Boolean(text);
    this.why.textContent = text;
  }

  // -- where we are ------------------------------------------------------------------------

  place(el) {
    const cell = el.closest?.("[data-c]");
    return cell && this.table.contains(cell) ? { r: Number(cell.dataset.r), c: Number(cell.dataset.c) } : null;
  }

  cellAt(r, c) { return this.table.querySelector(`[data-r="${r}"][data-c="${c}"]`); }

  isSelected(r, c) {
    const { at, from } = this;
    return (at.r !== from.r || at.c !== from.c) && r >= Math.min(at.r, from.r) && r <= Math.max(at.r, from.r) && c >= Math.min(at.c, from.c) && c <= Math.max(at.c, from.c);
  }

  go(r, c, extend = false) {
    this.say("");
    this.at = { r: clamp(r, -1, this.store.count - 1), c: clamp(c, 0, this.columns.length - 1) };
    if (!extend || this.at.r < 0) this.from = { ...this.at };
    this.bring();
    this.draw();
    this.cellAt(this.at.r, this.at.c)?.focus({ preventScroll: true });
    this.tellSelection();
  }

  bring() {
    const { view, at } = this, column = this.columns[at.c];
    if (at.r >= 0) {
      const top = at.r * ROW, room = view.clientHeight - this.headHeight - ROW;
      if (top < view.scrollTop) view.scrollTop = top;
      else if (top > view.scrollTop + room) view.scrollTop = top - room;
    }
    if (!column.pinned) {
      const left = this.columns.filter((each) => each.pinned).reduce((sum, each) => sum + each.width, 0);
      if (column.x - left < view.scrollLeft) view.scrollLeft = column.x - left;
      else if (column.x + column.width > view.scrollLeft + view.clientWidth) view.scrollLeft = column.x + column.width - view.clientWidth;
    }
  }

  tellSelection() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      const ids = [...new Set(this.selection().rows.map((row) => this.store.ids[row]).filter(Boolean))];
      if (String(ids) !== String(this.model.get("selected"))) this.set({ selected: ids });
    }, 120);
  }

  selection() {
    const { at, from } = this, low = Math.max(0, Math.min(at.r, from.r)), high = Math.max(at.r, from.r);
    const rows = [];
    for (let index = low; index <= high; index += 1) rows.push(this.store.number(index));
    const columns = this.columns.slice(Math.min(at.c, from.c), Math.max(at.c, from.c) + 1).filter((column) => column.head);
    return { rows, columns: columns.length ? columns : this.columns.slice(1) };
  }

  pressed(e) {
    const at = this.place(e.target);
    if (!at || e.target.closest(".ctg-editor")) return;
    if (this.editing) this.commit();
    if (e.target.closest("input")) return;
    e.preventDefault();
    if (at.r >= 0) { this.go(at.r, at.c, e.shiftKey); return; }
    this.go(-1, at.c);
    const column = this.columns[at.c];
    if (!column.head) return;
    if (e.target.classList.contains("ctg-grip")) this.resize(e, column);
    else if (e.target.classList.contains("ctg-more")) this.headMenu(column);
    else this.sortBy(column, this.nextWay(column));
  }

  dragged(e) {
    if (!(e.buttons & 1) || this.editing || this.at.r < 0) return;
    const at = this.place(e.target);
    if (at && at.r >= 0) this.go(at.r, at.c, true);
  }

  resize(e, column) {
    const begin = e.clientX, { width } = column;
    const move = (m) => { this.set({ widths: { ...this.model.get("widths"), [column.name]: clamp(width + m.clientX - begin, 40, 900) } }); };
    const end = () => { document.removeEventListener("mousemove", move); document.removeEventListener("mouseup", end); };
    document.addEventListener("mousemove", move);
    document.addEventListener("mouseup", end);
  }

  nextWay(column) { const way = new Map(this.model.get("sort")).get(column.name); return way === "asc" ? "desc" : way === "desc" ? null : "asc"; }
  sortBy(column, way) { this.set({ sort: way ? [[column.name, way]] : [] }); }

  // -- keys --------------------------------------------------------------------------------

  key(e) {
    if (this.editing || e.target.closest("input, select, .ctg-menu")) return;
    const { r, c } = this.at, page = Math.max(1, Math.floor((this.view.clientHeight - this.headHeight) / ROW) - 1);
    const mod = e.ctrlKey || e.metaKey, last = this.store.count - 1, end = this.columns.length - 1;
    const moves = {
      ArrowUp: [mod ? 0 : r - 1, c], ArrowDown: [mod ? last : r + 1, c], ArrowLeft: [r, mod ? 1 : c - 1], ArrowRight: [r, mod ? end : c + 1],
      Home: [mod ? 0 : r, 1], End: [mod ? last : r, end], PageUp: [Math.max(0, r - page), c], PageDown: [r + page, c],
    };
    const done = () => e.preventDefault();
    if (r < 0 && (e.key === "Enter" || e.key === " " || (e.altKey && e.key === "ArrowDown"))) {
      done();
      if (this.columns[c].head) this.headMenu(this.columns[c]);
    } else if (moves[e.key] && !e.altKey) {
      done();
      this.go(...moves[e.key], e.shiftKey);
    } else if (mod && e.key.toLowerCase() === "z") {
      done(); this.store.send({ type: e.shiftKey ? "redo" : "undo" });
    } else if (mod && e.key.toLowerCase() === "y") {
      done(); this.store.send({ type: "redo" });
    } else if (mod && e.key.toLowerCase() === "a") {
      done();
      this.from = { r: 0, c: 1 }; this.at = { r: last, c: end };
      this.draw(); this.tellSelection();
    } else if (r < 0 || mod && e.key !== "Delete") {
      return;
    } else if (e.key === "Enter" || e.key === "F2") {
      done(); this.edit();
    } else if (e.key === "Escape") {
      done(); this.discard();
    } else if (e.key === "Delete" && mod) {
      done(); this.remove();
    } else if (e.key === "Delete" || e.key === "Backspace") {
      done(); this.clear();
    } else if (e.key === " " && this.columns[c].head?.kind === "flag") {
      done(); this.edit();
    } else if (e.key.length === 1 && !e.altKey) {
      done(); this.edit(e.key);
    }
  }

  // -- editing -----------------------------------------------------------------------------

  target(r, column) {
    const row = this.store.number(r);
    if (!column?.head || row === undefined) return null;
    const value = this.store.value(row, column.name);
    if (value === undefined || this.store.ids[row] === undefined) { this.say("Not loaded yet: try again in a moment."); return null; }
    const removed = this.store.flags.get(row) === "removed";
    const why = column.head.fixed || (removed ? "it is to be removed: undo that first" : "");
    return { row, value, why, id: this.store.ids[row], item: this.store.items[row] ?? null };
  }

  edit(typed) {
    const { r, c } = this.at, column = this.columns[c], it = this.target(r, column);
    if (!it) return;
    if (it.why) { this.say(`Not editable: ${it.why}.`); return; }
    if (column.head.kind === "flag") { this.sendCells([[r, column, it.value === true ? "no" : "yes"]]); return; }
    if (column.head.kind === "labels") { this.labelsMenu(r, column, it); return; }
    const draft = this.store.drafts.get(`${it.row}:${column.name}`);
    const held = draft ? draft.text : it.value === null ? "" : String(it.value);
    const cell = this.cellAt(r, c);
    if (!cell) return;
    const editor = this.editor(column.head, held, typed);
    attrs(editor, { "aria-label": `${column.head.label}, editing` });
    editor.classList.add("ctg-editor");
    cell.classList.add("ctg-editing");
    cell.textContent = "";
    cell.append(editor);
    this.editing = { r, c, column, held, editor };
    editor.addEventListener("keydown", (e) => this.editorKey(e));
    editor.addEventListener("blur", () => { if (this.editing?.editor === editor) this.commit(); });
    editor.focus();
    if (editor.type === "text") { if (typed === undefined) editor.select(); else editor.setSelectionRange(typed.length, typed.length); }
  }

  editor(head, held, typed) {
    if (head.choices.length) {
      const select = make("select");
      for (const choice of head.choices) select.append(make("option", "", { value: choice, textContent: choice, selected: choice === held }));
      const near = typed && head.choices.find((choice) => choice.toLowerCase().startsWith(typed.toLowerCase()));
      if (near) select.value = near;
      return select;
    }
    if (head.kind === "date" && /^(\d{4}-\d\d-\d\d)?$/.test(held) && typed === undefined) return make("input", "", { type: "date", value: held });
    return make("input", "", { type: "text", value: typed ?? held, placeholder: head.kind === "date" ? "YYYY-MM-DD" : "" });
  }

  editorKey(e) {
    const { r, c } = this.editing, step = e.shiftKey ? -1 : 1;
    if (e.key === "Enter") { e.preventDefault(); this.commit(); this.go(Math.max(0, r + step), c); }
    else if (e.key === "Tab") { e.preventDefault(); this.commit(); this.go(r, Math.max(1, c + step)); }
    else if (e.key === "Escape") { e.preventDefault(); this.stop(); this.go(r, c); }
  }

  stop() {
    const { r, editor } = this.editing;
    this.editing = null;
    this.rows.get(r)?.el.remove();
    this.rows.delete(r);
    editor.remove();
  }

  commit() {
    const { r, column, held, editor } = this.editing, text = editor.value;
    this.stop();
    if (text !== held) this.sendCells([[r, column, text]]);
    this.later(this.whole);
  }

  // Send what is to stand in cells: [row as shown, column, text].
  sendCells(cells) {
    const sent = [], skipped = { fixed: 0 };
    for (const [r, column, text] of cells) {
      const it = this.target(r, column);
      if (!it || it.why) { skipped.fixed += 1; continue; }
      sent.push([it.id, it.item, column.name, it.value, text, it.row]);
    }
    if (sent.length) {
      const number = this.store.send({ type: "edit", cells: sent.map((each) => each.slice(0, 5)) });
      for (const [, , name, , text, row] of sent) this.store.waiting.set(`${row}:${name}`, { number, text });
    }
    if (skipped.fixed && cells.length > 1) this.say(`${plural(skipped.fixed, "cell")} left out: they are read-only or not loaded yet.`);
    this.draw();
  }

  discard() {
    const it = this.at.r >= 0 && this.target(this.at.r, this.columns[this.at.c]);
    if (it && this.store.drafts.has(`${it.row}:${this.columns[this.at.c].name}`))
      this.store.send({ type: "discard", id: it.id, item: it.item, column: this.columns[this.at.c].name });
    else this.go(this.at.r, this.at.c);
  }

  each(call) {
    const { at, from } = this, { columns } = this.selection(), cells = [];
    for (let r = Math.max(0, Math.min(at.r, from.r)); r <= Math.max(at.r, from.r); r += 1)
      columns.forEach((column, n) => { const cell = call(r, column, n); if (cell !== undefined) cells.push([r, column, cell]); });
    return cells;
  }

  clear() { this.sendCells(this.each((r, column) => (column.head.fixed ? undefined : ""))); }

  remove() {
    const rows = this.selection().rows.filter((row) => this.store.ids[row] !== undefined && this.store.flags.get(row) !== "removed");
    if (this.model.get("table") && rows.length) this.store.send({ type: "remove", rows: rows.map((row) => [this.store.ids[row], this.store.items[row]]) });
  }

  copy(e) {
    if (this.editing || e.target.closest("input")) return;
    const { rows, columns } = this.selection();
    const quote = (text) => (/[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const text = rows.map((row) => columns.map((column) => quote(this.plain(row, column))).join("\t")).join("\n");
    e.clipboardData.setData("text/plain", text);
    e.preventDefault();
  }

  // Cells as a spreadsheet takes them; a label whose name would be read as two goes by its key.
  plain(row, column) { const names = this.model.get("names");
    if (column.head.kind === "labels") return (this.store.value(row, column.name) ?? []).map((key) => (/[,;\n]/.test(names[key] ?? key) ? key : names[key] ?? key)).join(", ");
    const value = this.store.value(row, column.name); return Array.isArray(value) || typeof value === "boolean" ? this.show(column.head, value) : value === null || value === undefined ? "" : String(value); }

  paste(e) {
    if (this.editing || e.target.closest("input") || this.at.r < 0) return;
    e.preventDefault();
    const lines = table(e.clipboardData.getData("text/plain"));
    const r0 = Math.max(0, Math.min(this.at.r, this.from.r)), c0 = Math.max(1, Math.min(this.at.c, this.from.c));
    if (lines.length === 1 && lines[0].length === 1) {
      this.sendCells(this.each((_, column) => (column.head ? lines[0][0] : undefined)));
      return;
    }
    const cells = [];
    lines.forEach((line, n) => line.forEach((text, m) => {
      if (r0 + n < this.store.count && c0 + m < this.columns.length) cells.push([r0 + n, this.columns[c0 + m], text]);
    }));
    this.sendCells(cells);
    this.from = { r: r0, c: c0 };
    this.at = { r: clamp(r0 + lines.length - 1, 0, this.store.count - 1), c: clamp(c0 + lines[0].length - 1, 1, this.columns.length - 1) };
    this.draw();
    this.cellAt(this.at.r, this.at.c)?.focus({ preventScroll: true });
  }

  nextWrong() {
    const { store } = this, places = [];
    for (let r = 0; r < store.count; r += 1)
      this.columns.forEach((column, c) => { if (store.drafts.has(`${store.number(r)}:${column.name}`)) places.push([r, c]); });
    const next = places.find(([r, c]) => r > this.at.r || (r === this.at.r && c > this.at.c)) ?? places[0];
    if (next) this.go(...next); else this.say("They are not among the rows shown: clear the search and the filters.");
  }

  addLine() {
    const it = this.at.r >= 0 ? this.store.number(this.at.r) : undefined, id = this.store.ids[it];
    if (id === undefined) { this.say("Choose a row of the contact first."); return; }
    const head = this.model.get("heads").find((each) => each.name === this.model.get("adds"));
    const who = this.store.value(it, "contact") || id;
    const input = make("input", "", { type: "search" });
    const label = make("label"); label.append(`New ${head.label.toLowerCase()} for ${who}`, input);
    const shut = () => { this.adding.hidden = true; this.store.send({ type: "discard", id, item: "new", column: head.name }); this.go(this.at.r, this.at.c); };
    const add = () => { if (input.value.trim()) { this.store.send({ type: "add", id, text: input.value }); input.value = ""; input.focus(); } };
    input.addEventListener("keydown", (e) => { if (e.key === "Enter") add(); if (e.key === "Escape") { e.preventDefault(); shut(); } });
    this.adding.replaceChildren(label, this.button("Add", add, "Stage it"), this.button("Close", shut, "Back to the table (Esc)"));
    this.adding.hidden = false;
    input.focus();
  }

  // -- menus -------------------------------------------------------------------------------

  openMenu(x, y, entries, { label, back, leave }) {
    this.closeMenu();
    const menu = attrs(make("div", "ctg-menu"), { role: "menu", "aria-label": label });
    for (const { text, checked, call, keep } of entries) {
      const item = attrs(make("button", "", { type: "button" }), { role: checked === undefined ? "menuitem" : "menuitemcheckbox", tabindex: -1 });
      const write = (on) => { item.textContent = on === undefined ? text : `${on ? "☑" : "☐"} ${text}`; if (on !== undefined) attrs(item, { "aria-checked": String(on) }); };
      write(checked);
      item.addEventListener("click", () => { if (keep) write(call()); else { this.closeMenu(); call(); } });
      menu.append(item);
    }
    menu.addEventListener("focusin", (e) => { for (const item of menu.children) item.tabIndex = item === e.target ? 0 : -1; });
    menu.addEventListener("keydown", (e) => {
      const items = [...menu.children], n = items.indexOf(document.activeElement);
      const to = { ArrowDown: n + 1, ArrowUp: n - 1, Home: 0, End: items.length - 1 }[e.key];
      if (to !== undefined) { e.preventDefault(); items[(to + items.length) % items.length].focus(); }
      else if (e.key === "Escape" || e.key === "Tab") { e.preventDefault(); this.closeMenu(e.key === "Escape"); back(); }
      else if (e.key === "Enter" && leave) { e.preventDefault(); this.closeMenu(); back(); }
      else if (e.key.length === 1 && e.key !== " ") items.find((item) => item.textContent.replace(/^[☑☐] /, "").toLowerCase().startsWith(e.key.toLowerCase()))?.focus();
    });
    menu.style.left = `${clamp(x, 0, Math.max(0, this.root.clientWidth - 200))}px`;
    menu.style.top = `${y}px`;
    this.root.append(menu);
    this.menu = menu;
    this.leave = leave;
    menu.firstChild?.focus();
  }

  closeMenu(cancelled = false) {
    const { menu, leave } = this;
    this.menu = this.leave = null;
    menu?.remove();
    attrs(this.columnsButton, { "aria-expanded": "false" });
    if (menu && leave && !cancelled) leave();
  }

  below(el) { const a = el.getBoundingClientRect(), b = this.root.getBoundingClientRect(); return [a.left - b.left, a.bottom - b.top]; }

  columnsMenu() {
    if (this.menu) { this.closeMenu(); return; }
    const entries = this.model.get("heads").map((head) => ({
      text: head.label, checked: !this.model.get("hidden").includes(head.name), keep: true,
      call: () => {
        const hidden = this.model.get("hidden"), off = hidden.includes(head.name);
        this.set({ hidden: off ? hidden.filter((name) => name !== head.name) : [...hidden, head.name] });
        return off;
      },
    }));
    this.openMenu(...this.below(this.columnsButton), entries, { label: "Columns", back: () => this.columnsButton.focus() });
    attrs(this.columnsButton, { "aria-expanded": "true" });
  }

  headMenu(column) {
    const c = this.columns.indexOf(column), pinned = this.model.get("pinned"), { name } = column;
    const wide = (by) => ({ widths: { ...this.model.get("widths"), [name]: clamp(column.width + by, 40, 900) } });
    const back = () => this.go(-1, clamp(c, 1, this.columns.length - 1));
    const entry = (text, values) => ({ text, call: () => { this.set(values()); this.layOut(); back(); } });
    const entries = [
      entry("Sort ascending", () => ({ sort: [[name, "asc"]] })), entry("Sort descending", () => ({ sort: [[name, "desc"]] })), entry("Not sorted", () => ({ sort: [] })),
      { text: "Filter…", call: () => { this.filtering = true; this.layOut(); this.draw(); this.head.querySelector(`input[data-filter="${CSS.escape(name)}"]`)?.focus(); } },
      entry(pinned.includes(name) ? "Unpin" : "Pin to the left", () => ({ pinned: pinned.includes(name) ? pinned.filter((each) => each !== name) : [...pinned, name] })),
      entry("Wider", () => wide(40)), entry("Narrower", () => wide(-40)),
      entry("Hide", () => ({ hidden: [...this.model.get("hidden"), name] })),
    ];
    this.openMenu(...this.below(this.cellAt(-1, c)), entries, { label: column.head.label, back });
  }

  labelsMenu(r, column, it) {
    const held = new Set(it.value ?? []), first = [...held].join(), names = this.model.get("names");
    const keys = [...new Set([...Object.keys(names), ...held])].sort((a, b) => (names[a] ?? a).localeCompare(names[b] ?? b));
    if (!keys.length) { this.say("The site has no labels: create one there first."); return; }
    const entries = keys.map((key) => ({
      text: names[key] ?? key, checked: held.has(key), keep: true,
      call: () => { if (!held.delete(key)) held.add(key); return held.has(key); },
    }));
    const leave = () => { if ([...held].join() !== first) this.sendCells([[r, column, [...held].join(", ")]]); };
    this.openMenu(...this.below(this.cellAt(r, this.at.c)), entries, { label: "Labels", back: () => this.go(r, this.at.c), leave });
  }
}

// Read what a spreadsheet puts on the clipboard: cells by tabs, rows by lines, quoted where need be.
function table(text) {
  const lines = [[""]];
  let quoted = false;
  const given = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  for (let n = 0; n < given.length; n += 1) {
    const line = lines.at(-1), sign = given[n];
    if (quoted) {
      if (sign === '"' && given[n + 1] === '"') { line[line.length - 1] += '"'; n += 1; }
      else if (sign === '"') quoted = false;
      else line[line.length - 1] += sign;
    } else if (sign === '"' && line.at(-1) === "") quoted = true;
    else if (sign === "\t") line.push("");
    else if (sign === "\n") lines.push([""]);
    else line[line.length - 1] += sign;
  }
  return lines;
}

export default () => {
  let store;
  return {
    initialize({ model }) {
      store = new Store(model);
      model.set("loaded", true); // or a plain form takes its place
      model.save_changes();
    },
    render({ model, el }) {
      const view = new View(model, store, el);
      return () => view.close();
    },
  };
};
