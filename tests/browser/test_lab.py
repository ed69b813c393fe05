"""The ground the browser tests stand on: text typed into a real page reaches the real kernel."""

import sys
from collections.abc import Callable

from browser.lab import Lab, Notebook
from playwright.sync_api import expect

FORM = """
import sys
import ipywidgets

name = ipywidgets.Text(description="Name")
save = ipywidgets.Button(description="Save")
shown = ipywidgets.Label()
saved = []

def keep(_):
    saved.append(name.value)
    shown.value = f"Saved {name.value}"

save.on_click(keep)
ipywidgets.VBox([name, save, shown])
"""


def test_what_is_typed_and_clicked_reaches_the_kernel(
    lab: Lab, open_notebook: Callable[[str], Notebook]
):
    """A form shown in JupyterLab is driven by keyboard and mouse, and its kernel is ours."""
    notebook = open_notebook(lab.write("form.ipynb", FORM))
    notebook.run_all()

    notebook.output.get_by_label("Name").press_sequentially('Zoë O’Brien \\ "Zo"')
    notebook.wait_for("name.value", 'Zoë O’Brien \\ "Zo"')  # else the click overtakes
    notebook.output.get_by_role("button", name="Save").click()

    notebook.wait_for("saved", ['Zoë O’Brien \\ "Zo"'])
    expect(notebook.output.get_by_text("Saved Zoë O’Brien")).to_be_visible()
    assert sys.executable == notebook.evaluate("sys.executable")
    notebook.screenshot("form")
