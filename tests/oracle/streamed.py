"""Compares what the origin makes of the updates, trades and liquidations in streamed/heard.json (streamed/published.json, which a
test of `analysis` writes and checks) with what the definitions make of them. Prints what differs, as JSON."""

import json
import math
import pathlib

from figures.streamed import liquidations, parts

FOLDER = pathlib.Path(__file__).parent / "streamed"


def main():
    heard = json.loads((FOLDER / "heard.json").read_text())
    published = json.loads((FOLDER / "published.json").read_text())
    expected = {**parts(heard["came"]), "liquidations": liquidations(heard["liquidated"], heard["ticker"])}
    wrong = [f"{part}: {published.get(part)} is not {values}" for part, values in expected.items()
             if not all(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(published.get(part, [math.nan] * 2), values))]
    print(json.dumps({"compared": 2 * len(expected), "wrong": wrong}))


if __name__ == "__main__":
    main()
