"""Draw the README's picture: python docs/assets/report_picture.py outputs/searches/NAME.

It shows what a search's report begins with, its advice and history, as a browser draws
them on a light screen. Chromium has to be on the PATH.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PICTURE = Path(__file__).parents[1] / "images" / "report.png"
SHOWN = ("#advice", ":has([data-plot=plot-history])")
WIDTH, HEIGHT = 1200, 1270
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
    # Plots are drawn one after the other; this waits for the last one.
    "--virtual-time-budget=60000",
)


def excerpt(page: str) -> str:
    """Return the page with the sections that are shown, and no others."""
    others = "".join(f":not({section})" for section in SHOWN)
    return page.replace("</head>", f"<style>section{others}{{display:none}}</style></head>", 1)


def main(search: Path) -> None:
    """Write the picture of the report in a search's folder."""
    PICTURE.parent.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(excerpt((search / "report.html").read_text("utf-8")), "utf-8")
        command = ["chromium", *OPTIONS, f"--window-size={WIDTH},{HEIGHT}"]
        subprocess.run([*command, f"--screenshot={PICTURE}", page.as_uri()], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
