"""How long the grid takes on 100,000 contacts, beside ipydatagrid in the same run.

    make bench-grid

Each is shown in a page of its own, in turns; what is timed runs from the start of the cell to the
first frame in which a value stands in the table. Then the wheel is turned 50 times, and 1,000 x 3
cells are pasted. Figures depend on the machine, ratios less so: read the ratios.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1] / "tests"))

from browser import chromium  # noqa: E402 - found by the line above
from browser.lab import Lab, Notebook, serve  # noqa: E402
from playwright.sync_api import BrowserContext, sync_playwright  # noqa: E402

ROWS, TURNS, WHEELS, FRAMES = 100_000, 5, 50, 2
PASTED = (1000, 3)

PEOPLE = f"""
import datetime
import contacttools as ct

def person(n):
    return {{
        "id": f"{{n:08}}-0000-4000-8000-000000000000", "revision": 1,
        "createdDate": "2024-01-01T00:00:00.000Z", "updatedDate": "2024-01-01T00:00:00.000Z",
        "info": {{
            "name": {{"first": f"First{{n}}", "last": f"Last{{n % 977}}"}},
            "emails": {{"items": [{{"id": "e", "email": f"p{{n}}@example.com", "primary": True}}]}},
            "phones": {{"items": [{{"id": "p", "phone": f"555-{{n:06}}", "primary": True}}]}},
            "company": f"Company {{n % 501}}", "jobTitle": f"Title {{n % 31}}",
            "birthdate": "1990-01-01", "locale": "en-us",
        }},
    }}

contacts = ct.Contacts(
    map(person, range({ROWS})), site_id="bench", fetched_at=datetime.datetime.now(datetime.UTC)
)
stage = ct.Stage(contacts)
columns = [
    "name.first", "name.last", "email", "phone", "company", "jobTitle", "birthdate", "locale",
    "revision", "labelKeys",
]
frame = contacts.to_frame()[columns]
frame["labelKeys"] = ""
"""
SHOWN = {
    "contacttools": "shown = ct.grid(stage, columns=columns)\nshown",
    "ipydatagrid": "from ipydatagrid import DataGrid\nshown = DataGrid(frame)\nshown",
}
#: Run the last cell, and say when a value first stood in its table.
PAINT = """async (kind) => {
    const panel = window.jupyterapp.shell.currentWidget;
    panel.content.activeCellIndex = panel.content.widgets.length - 1;
    const isThere = {
        contacttools: () => {
            const cell = document.querySelector(".ctg [data-r='0'][data-c='1']");
            return cell && cell.textContent.startsWith('First');
        },
        ipydatagrid: () => {
            for (const canvas of document.querySelectorAll('.lm-DataGrid canvas')) {
                const { width, height } = canvas;
                if (!width || !height) continue;
                const w = Math.min(width, 400), h = Math.min(height, 120);
                const pixels = canvas.getContext('2d').getImageData(70, 30, w - 70, h - 30).data;
                let dark = 0;
                for (let i = 0; i < pixels.length; i += 4)
                    if (pixels[i + 3] > 200 && pixels[i] + pixels[i + 1] + pixels[i + 2] < 300)
                        dark += 1;
                if (dark > 100) return true;
            }
            return false;
        },
    }[kind];
    const begin = performance.now();
    window.jupyterapp.commands.execute('notebook:run-cell');
    return await new Promise((resolve, reject) => {
        const look = () => {
            if (isThere()) resolve(performance.now() - begin);
            else if (performance.now() - begin > 120000) reject(new Error('never painted'));
            else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    });
}"""
#: Note, for every scroll, how many frames pass until the rows in sight hold values.
WATCH = """() => {
    window.painted = [];
    const view = document.querySelector('.ctg-view');
    view.addEventListener('scroll', () => {
        let frames = 0;
        const look = () => {
            frames += 1;
            const row = Math.floor(view.scrollTop / 28) + 3;
            const cell = view.querySelector(`[data-r='${row}'][data-c='1']`);
            if ((cell && cell.textContent !== '…') || frames > 300) window.painted.push(frames);
            else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    });
}"""
PASTE = """async (text) => {
    const cell = document.querySelector(".ctg [data-r='0'][data-c='1']");
    cell.focus();
    const data = new DataTransfer();
    data.setData('text/plain', text);
    const begin = performance.now();
    cell.dispatchEvent(new ClipboardEvent('paste', {
        clipboardData: data, bubbles: true, cancelable: true,
    }));
    return await new Promise((resolve) => {
        const look = () => {
            const told = document.querySelector('.ctg-told').textContent;
            if (told.startsWith('1,000 ')) resolve(performance.now() - begin);
            else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    });
}"""


def main() -> None:
    """Measure, and print what came out."""
    path = chromium.find()
    if path is None:
        sys.exit(chromium.MISSING)
    paints: dict[str, list[float]] = {name: [] for name in SHOWN}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            Path(folder) / "chromium", executable_path=path, headless=True,
            viewport={"width": 1600, "height": 1000}, args=["--no-sandbox", "--disable-gpu"],
        )  # fmt: skip
        with serve(Path(folder) / "lab", Path(folder) / "none") as lab:
            for turn in range(TURNS):
                for name in SHOWN:
                    notebook = _shown(lab, context, name)
                    paints[name].append(notebook.page.evaluate(PAINT, name))
                    print(f"turn {turn + 1}: {name} painted in {paints[name][-1]:,.0f} ms")
                    notebook.close()
            notebook = _shown(lab, context, "contacttools")
            notebook.page.evaluate(PAINT, "contacttools")
            frames = _wheeled(notebook)
            text = "\n".join(
                "\t".join([f"A{n}", f"B{n}", "a@b.example"][: PASTED[1]]) for n in range(PASTED[0])
            )
            notebook.page.evaluate("() => document.querySelector('.ctg-view').scrollTo(0, 0)")
            notebook.page.wait_for_timeout(300)
            pasted = notebook.page.evaluate(PASTE, text)
            notebook.close()
        context.close()
    _print(paints, frames, pasted)


def _shown(lab: Lab, context: BrowserContext, name: str) -> Notebook:
    notebook = Notebook(lab, context.new_page(), lab.write(f"{name}.ipynb", PEOPLE, SHOWN[name]))
    notebook.open()
    notebook.page.evaluate(
        "() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0; "
        "window.ran = false; window.jupyterapp.commands.execute('notebook:run-cell')"
        ".finally(() => { window.ran = true; }); }"
    )
    notebook.page.wait_for_function("() => window.ran", timeout=120_000)
    notebook.wait_until_idle()
    return notebook


def _wheeled(notebook: Notebook) -> list[int]:
    page = notebook.page
    page.evaluate(WATCH)
    box = page.locator(".ctg-view").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    for _ in range(WHEELS):
        page.mouse.wheel(0, 120)
        page.wait_for_timeout(50)
    page.wait_for_timeout(500)
    return list(page.evaluate("() => window.painted"))


def _print(paints: dict[str, list[float]], frames: list[int], pasted: float) -> None:
    ours, theirs = (statistics.median(paints[name]) for name in SHOWN)
    within = sum(each <= FRAMES for each in frames) / len(frames)
    print(
        f"\n{ROWS:,} rows, 10 columns, median of {TURNS} turns\n"
        f"first paint      {ours:,.0f} ms, ipydatagrid {theirs:,.0f} ms: "
        f"ratio {ours / theirs:.2f}\n"
        f"wheel            {len(frames)} scrolls of {WHEELS} steps, "
        f"{within:.0%} painted within {FRAMES} frames, at most {max(frames)}\n"
        f"paste {PASTED[0]:,} x {PASTED[1]}  {pasted:,.0f} ms until it was staged and told"
    )


if __name__ == "__main__":
    main()
